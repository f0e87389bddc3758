import type { MeshConfig } from "../../config/schema.ts";

/**
 * What the alerts say nothing of: a sidecar that does not look into requests measures none. Undefined where they see every
 * stage, or where nothing is alerted.
 */
export function unseenByAlerts({
  services,
  telemetry,
}: Pick<MeshConfig, "services" | "telemetry">): string | undefined {
  const { metrics, alerts } = telemetry;
  const isJudged = alerts.latency.enabled || alerts.errors.enabled;
  const opaque = Object.entries(services).flatMap(([stage, service]) => (service.appProtocol === "tcp" ? [stage] : []));
  if (metrics.source !== "istio" || !isJudged || opaque.length === 0) return undefined;
  return (
    `no alert and no panel tells of ${opaque.join(" and ")}: with appProtocol "tcp" sidecars measure connections and no ` +
    'requests; telemetry.metrics.source "stage" reads what engines measure themselves'
  );
}
