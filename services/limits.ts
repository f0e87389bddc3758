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
 * How much longer a stage gets than the longest of those that it calls. Where both ended in the same moment, the outer one
 * would cancel the inner, and a call that its caller gave up counts as no error: a replica that fell silent would never be
 * ejected. Enough for an answer to come back; too little for users to notice. Seconds.
 */
export const allowance = 1;

/**
 * The limits of a stage: what the stack says, else the longest of its engine's and, with an allowance, of the stages that it
 * calls, since a caller that gives up first leaves work behind that nobody waits for. Offline work never gets less than other work.
 *
 * @param within what its callers are given, which the allowance does not exceed
 */
export function limitsOf(
  { longestRequestSeconds }: Pick<Engine, "longestRequestSeconds">,
  given: GivenLimits = {},
  called: readonly Limits[] = [],
  within: Limits = unbounded,
): Limits {
  const longest = (kind: keyof Limits) => {
    const ofCalled = Math.max(0, ...called.map((limits) => limits[kind]));
    return Math.max(longestRequestSeconds, ofCalled, Math.min(ofCalled + allowance, within[kind]));
  };
  const realtime = given.realtime === undefined ? longest("realtime") : seconds(given.realtime);
  const offline = given.offline === undefined ? Math.max(longest("offline"), realtime) : seconds(given.offline);
  return { realtime, offline };
}

const unbounded: Limits = { realtime: Infinity, offline: Infinity };

/** The least that the stack gives to those who call a stage; those of which it says nothing pass on what binds them. */
export function limitsOfCallers<Name extends string>(
  name: Name,
  edges: readonly { readonly from: Name; readonly to: Name }[],
  given: (stage: Name) => GivenLimits | undefined,
): Limits {
  const callers = edges.filter(({ to }) => to === name).map(({ from }) => from);
  const least = (kind: keyof Limits) =>
    Math.min(
      ...callers.map((caller) => {
        const own = given(caller)?.[kind];
        return own === undefined ? limitsOfCallers(caller, edges, given)[kind] : seconds(own);
      }),
    );
  return { realtime: least("realtime"), offline: least("offline") };
}
