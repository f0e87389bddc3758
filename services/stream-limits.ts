import { seconds, type Duration } from "./duration.ts";
import type { Limits } from "./limits.ts";

/** What bounds a stream, which no timeout does. Seconds. */
export interface StreamLimits {
  /** Longest silence, also before the first byte. */
  readonly idle: number;
  /** How long a stream under way is waited for when its replica is to end. */
  readonly longest: number;
}

/** What a stack says of them. */
export interface GivenStreamLimits {
  readonly idleTimeout?: Duration | undefined;
  readonly longest?: Duration | undefined;
}

/**
 * The limits of a stage's streams: what the stack says, else the longest of its requests and of the streams of the stages
 * that it calls. An answer that comes whole on a route that could stream is all silence until it is there.
 */
export function streamLimitsOf(
  { realtime, offline }: Limits,
  given: GivenStreamLimits = {},
  called: readonly StreamLimits[] = [],
): StreamLimits {
  const usual = (kind: keyof StreamLimits) => Math.max(realtime, offline, ...called.map((limits) => limits[kind]));
  return {
    idle: given.idleTimeout === undefined ? usual("idle") : seconds(given.idleTimeout),
    longest: given.longest === undefined ? usual("longest") : seconds(given.longest),
  };
}
