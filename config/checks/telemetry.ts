import { isEngineName } from "../../services/engines/index.ts";
import { simulator } from "../../services/engines/simulated.ts";
import { alertNeeds, requestMetrics, type AlertName } from "../../services/telemetry.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { valueAt } from "./reserved-values.ts";

/** Values of the chart `istiod` that switch all of Istio's metrics off. */
const switches = ["telemetry.enabled", "telemetry.v2.enabled", "telemetry.v2.prometheus.enabled"];

/** Alerts that could never fire, because what they judge by is switched off. */
export function alertFaults({ telemetry: { metrics, alerts }, istio: { values }, services }: LenientMesh): Fault[] {
  if (metrics.source !== "istio") return [];
  const off = switches.find((path) => valueAt(values, ["istiod", ...path.split(".")]) === false);
  const enabled = enabledAlerts(alerts);
  if (off !== undefined && enabled.length > 0) {
    const message = `no sidecar reports metrics, as istio.values.istiod.${off} is false; without them no alert fires`;
    const instead = untoldStages(services).length === 0 ? 'set "stage", or switch the alerts off' : "switch them off";
    return [{ path: "telemetry.metrics.source", message: `${message}: ${instead}` }];
  }
  return enabled.flatMap((name) => {
    const missing = alertNeeds[name].filter((metric) => metrics.disabled.includes(metric));
    if (missing.length === 0) return [];
    const message = `judges by ${missing.join(" and ")}, which telemetry.metrics.disabled switches off; keep the metric`;
    return [{ path: `telemetry.alerts.${name}`, message: `${message}, or set enabled: false` }];
  });
}

/** Metrics that are read and that no stage tells: alerts and a dashboard would be silent for ever. */
export function sourceFaults({ telemetry: { metrics, alerts }, addons: { grafana }, services }: LenientMesh): Fault[] {
  if (metrics.source !== "stage" || (enabledAlerts(alerts).length === 0 && !grafana.install)) return [];
  const untold = untoldStages(services);
  if (untold.length === 0) return [];
  const message = `"stage" reads ${requestMetrics.stage.requests}, which the simulator alone tells, and not what stands in`;
  return [{ path: "telemetry.metrics.source", message: `${message} ${untold.join(", ")}: set "istio"` }];
}

/** Alerts without a Prometheus to judge them. Of one that merely exists nothing is known but its address. */
export function judgeFaults({ telemetry: { alerts }, addons: { prometheus } }: LenientMesh): Fault[] {
  if (prometheus.install || prometheus.operator !== undefined) return [];
  const message = "is judged by nobody: addons.prometheus is not installed and names no operator; name one, or set";
  return enabledAlerts(alerts).map((name) => ({
    path: `telemetry.alerts.${name}`,
    message: `${message} enabled: false`,
  }));
}

function enabledAlerts(alerts: LenientMesh["telemetry"]["alerts"]): AlertName[] {
  const names: readonly AlertName[] = ["latency", "errors"];
  return names.filter((name) => alerts[name].enabled);
}

/** The stages that do not tell their requests by themselves. What is no engine at all is not judged here. */
function untoldStages(services: LenientMesh["services"]): string[] {
  return Object.entries(services).flatMap(([stage, { engine }]) =>
    engine === simulator || (engine !== undefined && !isEngineName(engine)) ? [] : [stage],
  );
}
