import type { ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { isShadow } from "../../services/shadow.ts";
import type { Stage } from "../../services/stage.ts";
import type { TrafficPolicy } from "../istio/generated/destination-rule.ts";
import { connectionPoolOf, outlierDetectionOf } from "./circuit-breaker.ts";
import { loadBalancerOf } from "./load-balancing.ts";
import { shadowPoolOf } from "./mirror.ts";
import { retryBudgetOf } from "./retry-budget.ts";
import { prefersSameZone } from "./same-zone.ts";

/** What the sidecars of callers do with requests to one version. */
export function trafficPolicyOf(
  stage: Pick<Stage, "gpus">,
  service: ServiceConfig,
  version: VersionConfig,
): TrafficPolicy {
  const forCallers = connectionPoolOf(service.circuitBreaker);
  const connectionPool = isShadow(service, version) ? shadowPoolOf(forCallers) : forCallers;
  const outlierDetection = outlierDetectionOf(service.circuitBreaker, version);
  const retryBudget = retryBudgetOf(service.retries);
  return {
    loadBalancer: {
      ...loadBalancerOf(service.loadBalancing),
      // With outlierDetection Istio prefers the caller's own zone unless it is told not to; without, it knows no zones.
      ...(outlierDetection !== undefined && { localityLbSetting: { enabled: prefersSameZone(stage, service) } }),
    },
    ...(retryBudget !== undefined && { retryBudget }),
    ...(connectionPool !== undefined && { connectionPool }),
    ...(outlierDetection !== undefined && { outlierDetection }),
  };
}
