import type { PipelinePlan } from "../../services/plan.ts";
import type { StandingStage } from "../../services/standing.ts";

export type Ending = Pick<StandingStage, "engine" | "limits" | "streams">;

/** How a pod ends without a request lost: it goes on until its callers know, then finishes what it has begun. */

/** What ending takes besides requests: closing connections, letting go of a GPU. Seconds. */
const endSlackSeconds = 10;

/** How long a pod may take to end before it is killed. Whole seconds. */
export function gracePeriodSeconds({ engine, ...stage }: Ending): number {
  return engine.preStopSeconds + finishSeconds(stage) + endSlackSeconds;
}

/** How long what a pod has begun may take: a request of any kind, or a stream. Whole seconds. */
export function finishSeconds({ limits, streams }: Omit<Ending, "engine">): number {
  return Math.ceil(Math.max(limits.realtime, limits.offline, streams.longest));
}

/** The container goes on for a while before SIGTERM, since callers learn of its end only bit by bit. */
export function lifecycleOf({ engine: { preStopSeconds } }: StandingStage) {
  return preStopSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } };
}

/** How long a proxy stays at least, whatever its connections: Istio's own default. Seconds. */
const leastProxySeconds = 5;

/**
 * A sidecar that is an ordinary container gets SIGTERM together with the stage and would be gone after 5 s, requests and
 * all; told to stay for a time, it would stay that long even without a request, and the pod's GPU with it. So it stays
 * until callers know, and then for as long as there is a connection; the grace period bounds that. A native one (kubelet
 * 1.33 or newer) outlives the stage, drains by itself and asks for none of it.
 *
 * @param metadata what else the sidecar is told
 */
export function proxyAnnotations(
  { engine, ...stage }: Ending,
  metadata: Record<string, string> = {},
): Record<string, string> {
  const ends = proxyEnds(Math.max(engine.preStopSeconds, leastProxySeconds), finishSeconds(stage));
  const proxyConfig = { ...ends, proxyMetadata: { ...ends.proxyMetadata, ...metadata } };
  return { "proxy.istio.io/config": JSON.stringify(proxyConfig) };
}

/** A gateway ends the same way; users' connections that are kept open, idle, hold it until the grace period is over. */
export function gatewayDrain(longest: number) {
  return {
    proxyConfig: proxyEnds(leastProxySeconds, longest),
    terminationGracePeriodSeconds: leastProxySeconds + longest + endSlackSeconds,
  };
}

/**
 * Has a proxy stay for so many seconds, and then for as long as it has a connection.
 *
 * `drainDuration` is what connections have left once a proxy drains: because it is to end, or because a listener's settings
 * change, of tracing say, while it runs. By default that is 45 s, and Envoy 1.40 closes WebSockets from two thirds of it on.
 */
function proxyEnds(least: number, longest: number) {
  const proxyMetadata = { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true", MINIMUM_DRAIN_DURATION: `${least}s` };
  return { drainDuration: `${Math.ceil((longest * 3) / 2)}s`, proxyMetadata };
}

/** How long a request that users send may take, or a stream that they keep open. Whole seconds. */
export function entryFinishSeconds({ services }: Pick<PipelinePlan<unknown>, "services">): number {
  return Math.max(...services.filter(({ entry }) => entry).map(({ stage }) => finishSeconds(stage)));
}
