import type { StandingStage } from "../../services/standing.ts";

/** How a pod ends without a request lost: it goes on until its callers know, then finishes what it has begun. */

/** What ending takes besides requests: closing connections, letting go of a GPU. Seconds. */
const endSlackSeconds = 10;

/** How long a pod may take to end before it is killed. Whole seconds. */
export function gracePeriodSeconds({ engine, limits }: Pick<StandingStage, "engine" | "limits">): number {
  return engine.preStopSeconds + Math.ceil(Math.max(limits.realtime, limits.offline)) + endSlackSeconds;
}

/** The container goes on for a while before SIGTERM, since callers learn of its end only bit by bit. */
export function lifecycleOf({ engine: { preStopSeconds } }: StandingStage) {
  return preStopSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } };
}

/** How long a sidecar stays at least, whatever its connections: Istio's own default. Seconds. */
const leastSidecarSeconds = 5;

/**
 * A sidecar that is an ordinary container gets SIGTERM together with the stage and would be gone after 5 s, requests and
 * all; told to stay for a time, it would stay that long even without a request, and the pod's GPU with it. So it stays
 * until callers know, and then for as long as there is a connection; the grace period bounds that. A native one (kubelet
 * 1.33 or newer) outlives the stage, drains by itself and asks for none of it.
 */
export function drainAnnotations({ engine: { preStopSeconds } }: StandingStage): Record<string, string> {
  const proxyMetadata = {
    EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true",
    MINIMUM_DRAIN_DURATION: `${Math.max(preStopSeconds, leastSidecarSeconds)}s`,
  };
  return { "proxy.istio.io/config": JSON.stringify({ proxyMetadata }) };
}
