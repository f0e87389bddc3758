import { durationOf, seconds } from "../../services/duration.ts";
import {
  alertNeeds,
  usualRetention,
  usualScrapeInterval,
  usualSpans,
  type AlertName,
} from "../../services/telemetry.ts";
import type { Fault } from "../faults.ts";
import { retentionSeconds } from "../quantities.ts";
import { unmeasured } from "./abilities.ts";
import type { LenientMesh } from "./lenient.ts";
import { valueAt } from "./reserved-values.ts";

/** Values of the chart `istiod` that switch all of Istio's metrics off. */
const switches = ["telemetry.enabled", "telemetry.v2.enabled", "telemetry.v2.prometheus.enabled"];

/** Alerts that could never fire, because what they judge by is switched off. */
export function alertFaults(mesh: LenientMesh): Fault[] {
  const { metrics, alerts } = mesh.telemetry;
  if (metrics.source !== "istio") return [];
  const off = switches.find((path) => valueAt(mesh.istio.values, ["istiod", ...path.split(".")]) === false);
  const enabled = enabledAlerts(alerts);
  if (off !== undefined && enabled.length > 0) {
    const message = `no sidecar reports metrics, as istio.values.istiod.${off} is false; without them no alert fires`;
    const instead = unmeasured(mesh).length === 0 ? 'set "stage", or switch the alerts off' : "switch them off";
    return [{ path: "telemetry.metrics.source", message: `${message}: ${instead}` }];
  }
  return enabled.flatMap((name) => {
    const missing = alertNeeds[name].filter((metric) => metrics.disabled.includes(metric));
    if (missing.length === 0) return [];
    const message = `judges by ${missing.join(" and ")}, which telemetry.metrics.disabled switches off; keep the metric`;
    return [{ path: `telemetry.alerts.${name}`, message: `${message}, or set enabled: false` }];
  });
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

/** Scrapes that a span has to hold, for a rate of two of them even while one or two are missed. */
const fewestScrapes = 4;

/** Alerts that look back over too little for anything to have been measured. */
export function spanFaults({ telemetry: { alerts }, addons: { prometheus } }: LenientMesh): Fault[] {
  const interval = prometheus.scrapeInterval ?? usualScrapeInterval;
  const least = fewestScrapes * seconds(interval);
  return enabledAlerts(alerts).flatMap((name) => {
    const within = alerts[name].within ?? usualSpans[name];
    if (seconds(within) >= least) return [];
    const found = `${within} are less than ${fewestScrapes} scrapes, ${interval} apart`;
    const message = `${found}: set at least ${durationOf(least)}, or a shorter addons.prometheus.scrapeInterval`;
    return [{ path: `telemetry.alerts.${name}.within`, message }];
  });
}

/** Spans that an alert looks back over: `latency` compares one with the one before it. */
const comparedSpans = { latency: 2, errors: 1 } as const satisfies Record<AlertName, number>;

/** Alerts that look back further than samples are kept: with nothing to judge by they are silent. */
export function retentionFaults({ telemetry: { alerts }, addons: { prometheus } }: LenientMesh): Fault[] {
  if (!prometheus.install) return [];
  const kept = prometheus.retention ?? usualRetention;
  return enabledAlerts(alerts).flatMap((name) => {
    const within = alerts[name].within ?? usualSpans[name];
    const most = retentionSeconds(kept) / comparedSpans[name];
    if (seconds(within) <= most) return [];
    const found = `${within}${name === "latency" ? ", and as much before them," : ""} are more than the ${kept} that samples are kept`;
    const message = `${found}: set at most ${most / 3600}h, or a longer addons.prometheus.retention`;
    return [{ path: `telemetry.alerts.${name}.within`, message }];
  });
}

function enabledAlerts(alerts: LenientMesh["telemetry"]["alerts"]): AlertName[] {
  const names: readonly AlertName[] = ["latency", "errors"];
  return names.filter((name) => alerts[name].enabled);
}
