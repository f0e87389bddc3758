import type { ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { durationOf } from "../../services/duration.ts";
import { isShadow } from "../../services/shadow.ts";
import type { StandingStage } from "../../services/standing.ts";
import type { ConnectionPoolSettings, TrafficPolicy } from "../istio/generated/destination-rule.ts";
import { connectionPoolOf, outlierDetectionOf } from "./circuit-breaker.ts";
import { localityOf, onePlace, type Geography } from "./geography.ts";
import { h2UpgradePolicyOf } from "./http2.ts";
import { loadBalancerOf } from "./load-balancing.ts";
import { shadowPoolOf } from "./mirror.ts";
import { retryBudgetOf } from "./retry-budget.ts";
import { prefersSameZone } from "./same-zone.ts";
import { connectTimeoutOf } from "./tries.ts";

/** What the sidecars of callers do with requests to one version. */
export function trafficPolicyOf(
  stage: Pick<StandingStage, "gpus" | "engine" | "limits">,
  service: ServiceConfig,
  version: VersionConfig,
  geography: Geography = onePlace(version),
): TrafficPolicy {
  const connectTimeout = connectTimeoutOf(service.timeouts, service.retries, durationOf(stage.limits.realtime));
  const forCallers = connectionPoolOf(service.circuitBreaker, connectTimeout);
  const limits = isShadow(service, version) ? shadowPoolOf(forCallers) : forCallers;
  const connectionPool = withProtocol(limits, h2UpgradePolicyOf(stage.engine, service));
  const outlierDetection = outlierDetectionOf(service.circuitBreaker, geography);
  const chooses = outlierDetection !== undefined || (geography.spread && geography.distribute !== undefined);
  const retryBudget = retryBudgetOf(service.retries);
  return {
    loadBalancer: {
      ...loadBalancerOf(service.loadBalancing),
      // With outlierDetection Istio prefers the caller's own zone unless it is told not to; without, it knows no zones.
      ...(chooses && {
        localityLbSetting: localityOf(geography, prefersSameZone(stage, service, geography.autoscaled)),
      }),
    },
    ...(retryBudget !== undefined && { retryBudget }),
    connectionPool,
    ...(outlierDetection !== undefined && { outlierDetection }),
  };
}

function withProtocol(pool: ConnectionPoolSettings, h2UpgradePolicy: "UPGRADE" | undefined): ConnectionPoolSettings {
  return h2UpgradePolicy === undefined ? pool : { ...pool, http: { ...pool.http, h2UpgradePolicy } };
}
