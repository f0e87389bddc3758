import type { Fault } from "../faults.ts";
import { engineOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";

/** A chain through a stage whose engine answers by itself: no request would ever pass it. */
export function chainFaults({ mode, pipeline, services }: LenientMesh): Fault[] {
  if (mode !== "chain") return [];
  const silent = enginesOf(pipeline.slice(0, -1), services).filter(({ engine }) => !engine.calls);
  if (silent.length === 0) return [];
  const message = `"chain" needs engines that call the next stage, unlike ${named(silent)}`;
  return [{ path: "mode", message: `${message}; use "orchestrated" with an entry that calls the others` }];
}

/** A dashboard or alerts that read what some stage does not measure: they would be silent for ever. */
export function sourceFaults(mesh: LenientMesh): Fault[] {
  const { metrics, alerts } = mesh.telemetry;
  const isRead = mesh.addons.grafana.install || alerts.latency.enabled || alerts.errors.enabled;
  if (metrics.source !== "stage" || !isRead) return [];
  const silent = unmeasured(mesh);
  if (silent.length === 0) return [];
  const message = `"stage" reads what the stages measure themselves, unlike ${named(silent)}`;
  return [
    { path: "telemetry.metrics.source", message: `${message}; set "istio", or switch the alerts and Grafana off` },
  ];
}

/** The stages whose engine does not measure its requests itself. */
export function unmeasured({ pipeline, entry, services }: LenientMesh) {
  const running = [...new Set(entry === undefined ? pipeline : [entry, ...pipeline])];
  return enginesOf(running, services).filter(({ engine }) => !engine.measuresRequests);
}

function enginesOf(stages: readonly string[], services: LenientMesh["services"]) {
  return stages.flatMap((stage) => {
    const engine = engineOf(stage, services[stage]);
    return engine === undefined ? [] : [{ stage, engine }];
  });
}

function named(stages: ReturnType<typeof enginesOf>): string {
  return stages.map(({ stage, engine }) => `${engine.name} in ${stage}`).join(" and ");
}
