import type { MetricSource } from "../../services/telemetry.ts";
import { errorShare, latency, requestRate, versionShare } from "./queries.ts";

/** A dashboard of Grafana, as far as this program writes one. */
export interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  refresh: string;
  time: { from: string; to: string };
  tags: string[];
  panels: Panel[];
}

export interface Panel {
  id: number;
  type: "timeseries";
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource: { type: "prometheus"; uid: string };
  fieldConfig: { defaults: { unit: "reqps" | "percentunit" | "s"; min: 0 }; overrides: [] };
  targets: { refId: string; expr: string; legendFormat: string }[];
}

/** The uid of the data source that the dashboard reads. */
export const prometheusUid = "prometheus";

type View = Pick<Panel, "title" | "description"> & {
  readonly unit: Panel["fieldConfig"]["defaults"]["unit"];
  readonly targets: readonly (readonly [expr: string, legend: string])[];
};

/** Requests through the stages: how many, how they end, how long they take, where, and which version answers them. */
export function meshDashboard(source: MetricSource): Dashboard {
  return {
    uid: "linly-mesh",
    title: "Linly mesh",
    schemaVersion: 41,
    refresh: "15s",
    time: { from: "now-1h", to: "now" },
    tags: ["linly-mesh"],
    panels: viewsOf(source).map(panel),
  };
}

function viewsOf(source: MetricSource): View[] {
  const span = "$__rate_interval";
  const perVersion = { source, span, by: ["stage", "version"], shadows: true };
  const perNode = { source, span, by: ["stage", "node"] };
  const version = "{{stage}} {{version}}";
  return [
    {
      title: "Requests",
      description: "Requests a second that each version answers; of a shadow, the copies that it gets.",
      unit: "reqps",
      targets: [[requestRate(perVersion), version]],
    },
    {
      title: "Errors",
      description: "Share of answers with a 5xx status, or one of gRPC that says as much.",
      unit: "percentunit",
      targets: [[errorShare(perVersion), version]],
    },
    ...[0.5, 0.95, 0.99].map((quantile): View => ({
      title: `P${quantile * 100}`,
      description: `The time within which ${quantile * 100} % of the requests are answered, the stages behind included.`,
      unit: "s",
      targets: [[latency(quantile, perVersion), version]],
    })),
    {
      title: "P99 by node",
      description: "One node above the others is the one to look at.",
      unit: "s",
      targets: [[latency(0.99, perNode), "{{stage}} {{node}}"]],
    },
    {
      title: "Canary shares",
      description: "Share of a stage's requests that each of its versions answers.",
      unit: "percentunit",
      targets: [[versionShare(source, span), version]],
    },
  ];
}

const columns = 2;
const [width, height] = [12, 8];

function panel({ title, description, unit, targets }: View, index: number): Panel {
  return {
    id: index + 1,
    type: "timeseries",
    title,
    description,
    gridPos: { x: (index % columns) * width, y: Math.floor(index / columns) * height, w: width, h: height },
    datasource: { type: "prometheus", uid: prometheusUid },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: targets.map(([expr, legendFormat], target) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + target),
      expr,
      legendFormat,
    })),
  };
}
