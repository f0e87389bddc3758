import { alertNeeds } from "../../services/telemetry.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { valueAt } from "./reserved-values.ts";

/** Values of the chart `istiod` that switch all of Istio's metrics off. */
const switches = ["telemetry.enabled", "telemetry.v2.enabled", "telemetry.v2.prometheus.enabled"];

/** Alerts that could never fire, because what they judge by is switched off. */
export function alertFaults({ telemetry: { metrics, alerts }, istio: { values } }: LenientMesh): Fault[] {
  if (metrics.source !== "istio") return [];
  const off = switches.find((path) => valueAt(values, ["istiod", ...path.split(".")]) === false);
  const enabled = Object.entries(alertNeeds).filter(([name]) => alerts[name === "latency" ? name : "errors"].enabled);
  if (off !== undefined && enabled.length > 0) {
    const message = `no sidecar reports metrics, as istio.values.istiod.${off} is false; without them no alert fires`;
    return [{ path: "telemetry.metrics.source", message: `${message}: set "stage", or switch the alerts off` }];
  }
  return enabled.flatMap(([name, needs]) => {
    const missing = needs.filter((metric) => metrics.disabled.includes(metric));
    if (missing.length === 0) return [];
    const message = `judges by ${missing.join(" and ")}, which telemetry.metrics.disabled switches off; keep the metric`;
    return [{ path: `telemetry.alerts.${name}`, message: `${message}, or set enabled: false` }];
  });
}
