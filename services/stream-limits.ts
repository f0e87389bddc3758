import { seconds, type Duration } from "./duration.ts";
import { allowance, type Limits } from "./limits.ts";

/** What bounds a stream, which no timeout does. Seconds. */
export interface StreamLimits {
  /** Longest silence, also before the first byte. */
  readonly idle: number;
  /** How long a stream under way is waited for when its replica is to end. */
  readonly longest: number;
  /** Whether a silence of that length is the replica's own fault: all that it calls would have been given up before. */
  readonly ownSilence: boolean;
}

/** What bounds a stage that another one calls. */
export interface CalledLimits {
  readonly limits: Limits;
  readonly streams: StreamLimits;
}

/** What a stack says of them. */
export interface GivenStreamLimits {
  readonly idleTimeout?: Duration | undefined;
  readonly longest?: Duration | undefined;
}

/**
 * The limits of a stage's streams: what the stack says, else the longest of its requests and of the streams of the stages
 * that it calls, with an allowance: of a silence that goes through several stages the innermost caller is to learn first, who
 * knows whose it is. An answer that comes whole on a route that could stream is all silence until it is there.
 */
export function streamLimitsOf(
  { realtime, offline }: Limits,
  given: GivenStreamLimits = {},
  called: readonly CalledLimits[] = [],
): StreamLimits {
  const usual = (ofCalled: readonly number[]) => Math.max(realtime, offline, ...ofCalled);
  const idle =
    given.idleTimeout === undefined
      ? usual(called.map(({ streams }) => streams.idle + allowance))
      : seconds(given.idleTimeout);
  return {
    idle,
    longest: given.longest === undefined ? usual(called.map(({ streams }) => streams.longest)) : seconds(given.longest),
    ownSilence: called.every(({ limits, streams }) => Math.max(limits.realtime, limits.offline, streams.idle) < idle),
  };
}
