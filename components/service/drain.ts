import type { StandingStage } from "../../services/standing.ts";

/** How a pod ends without a request lost: it goes on until its callers know, then finishes what it has begun. */

/** What ending takes besides requests: closing connections, letting go of a GPU. Seconds. */
const endSlackSeconds = 10;

/** How long a pod may take to end before it is killed. Seconds. */
export function gracePeriodSeconds({ engine }: StandingStage): number {
  return drainSeconds({ engine }) + endSlackSeconds;
}

/** Until the last request of a pod that ends is answered, at the latest. Seconds. */
export function drainSeconds({ engine }: Pick<StandingStage, "engine">): number {
  return engine.preStopSeconds + engine.longestRequestSeconds;
}

/** The container goes on for a while before SIGTERM, since callers learn of its end only bit by bit. */
export function lifecycleOf({ engine: { preStopSeconds } }: StandingStage) {
  return preStopSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } };
}

/**
 * A sidecar that is an ordinary container gets SIGTERM together with the stage and would be gone after 5 s, requests and
 * all. A native one (kubelet 1.33 or newer) outlives the stage and drains by itself.
 */
export function drainAnnotations(stage: StandingStage): Record<string, string> {
  return { "proxy.istio.io/config": JSON.stringify({ terminationDrainDuration: `${drainSeconds(stage)}s` }) };
}
