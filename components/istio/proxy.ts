import type { HelmValues } from "../helm-values.ts";

/** What every sidecar gets by the charts of Istio: how much of a machine, and what it counts. */

/**
 * What a sidecar is given and may take. Envoy runs a worker thread for each whole CPU of the limit: one, which keeps
 * connections to other sidecars together and leaves a request no other thread to wait for.
 */
export const proxyResources = {
  requests: { cpu: "500m", memory: "256Mi" },
  limits: { cpu: "1000m", memory: "512Mi" },
} as const;

/**
 * Ends of the names of Envoy's statistics that are kept besides those that Istio itself needs: what tells that a rule of
 * traffic had an effect. All are counted by the callers, for each version that they call.
 */
export const keptStatistics = [
  // Requests and connections beyond what a circuit breaker lets through.
  "upstream_rq_pending_overflow",
  "upstream_rq_active_overflow",
  "upstream_cx_overflow",
  // Replicas that are out, and how many times one was put out.
  "outlier_detection.ejections_active",
  "outlier_detection.ejections_enforced_total",
  // Second attempts, those that made good what the first did not, and those that the budget did not allow.
  "upstream_rq_retry",
  "upstream_rq_retry_success",
  "upstream_rq_retry_overflow",
  // Requests that took longer than they may.
  "upstream_rq_timeout",
  "upstream_rq_per_try_timeout",
] as const;

/** Ends of those that the gateway counts: tokens that it took, with requests that have none, and tokens that it refused. */
export const keptAtGateway = ["jwt_authn.allowed", "jwt_authn.denied"] as const;

/** What a sidecar starts with: `meshConfig.defaultConfig`, and so the gateway too. */
export const proxyConfig = {
  holdApplicationUntilProxyStarts: true,
  proxyStatsMatcher: { inclusionSuffixes: [...keptStatistics, ...keptAtGateway] },
} as const satisfies HelmValues;
