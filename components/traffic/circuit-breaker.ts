import type { CircuitBreakerConfig } from "../../config/schema.ts";
import type { Duration } from "../../services/duration.ts";
import type { ConnectionPoolSettings, OutlierDetection } from "../istio/generated/destination-rule.ts";
import type { Geography } from "./geography.ts";

/**
 * Share of a subset's hosts that may be out at once, in percent. Envoy ejects one more host while
 * `100 · (ejected + 1) / hosts` is at most this. A half is thus one of two or three hosts, two of four or five, none of
 * one: a failing host can go wherever there is another, and the last one never does, however many there are just then.
 * A share fitted to the configured replicas says the same of that number alone: of the two that are left of three
 * while one starts, 34 lets none go.
 */
export const maxEjectionPercent = 50;

/**
 * The same where a version runs in several places. To a caller another network is one host, its gateway: all of its own
 * replicas may have to be out at once for its requests to go there, however many they are. Short of all, the last one stays.
 */
export const maxEjectionPercentAcross = 99;

/** When a caller gives up on a replica. Undefined where a version never has two, of which one could go. */
export function outlierDetectionOf(
  { enabled, consecutive5xxErrors, interval, baseEjectionTime }: CircuitBreakerConfig,
  { spread, replicas }: Pick<Geography, "spread" | "replicas">,
): OutlierDetection | undefined {
  if (!enabled || (!spread && replicas < 2)) return undefined;
  const most = spread ? maxEjectionPercentAcross : maxEjectionPercent;
  return { consecutive5xxErrors, interval, baseEjectionTime, maxEjectionPercent: most };
}

/**
 * How long a caller waits for a connection, and with a breaker how much it asks of all replicas at once; what is more is
 * answered 503 at once.
 */
export function connectionPoolOf(config: CircuitBreakerConfig, connectTimeout: Duration): ConnectionPoolSettings {
  if (!config.enabled) return { tcp: { connectTimeout } };
  const { http1MaxPendingRequests, http2MaxRequests, maxConnections, maxRequestsPerConnection } = config;
  return {
    tcp: { connectTimeout, ...(maxConnections !== undefined && { maxConnections }) },
    http: {
      http1MaxPendingRequests,
      http2MaxRequests,
      ...(maxRequestsPerConnection !== undefined && { maxRequestsPerConnection }),
    },
  };
}
