import { seconds, type Duration } from "./duration.ts";
import type { Engine } from "./engine.ts";

/** How long a request to a stage may take, by what it is. Seconds. */
export interface Limits {
  readonly realtime: number;
  readonly offline: number;
}

/** What a stack says of them. */
export interface GivenLimits {
  readonly realtime?: Duration | undefined;
  readonly offline?: Duration | undefined;
}

/**
 * The limits of a stage: what the stack says, else the longest of its engine's and of the stages that it calls, since a
 * caller that gives up first leaves work behind that nobody waits for. Offline work never gets less than other work.
 */
export function limitsOf(
  { longestRequestSeconds }: Pick<Engine, "longestRequestSeconds">,
  given: GivenLimits = {},
  called: readonly Limits[] = [],
): Limits {
  const longest = (kind: keyof Limits) => Math.max(longestRequestSeconds, ...called.map((limits) => limits[kind]));
  const realtime = given.realtime === undefined ? longest("realtime") : seconds(given.realtime);
  const offline = given.offline === undefined ? Math.max(longest("offline"), realtime) : seconds(given.offline);
  return { realtime, offline };
}
