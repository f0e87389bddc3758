import type { TelemetryConfig, UsersConfig } from "../../config/schema.ts";
import { errorShare, latency, promqlDuration, requestCount } from "./queries.ts";
import { userAlerts } from "./user-alerts.ts";

/** An alerting rule of Prometheus. */
export interface AlertRule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** The alerts of a stack: what fires, and what its reader is told. Without data nothing fires. */
export function alertRules({ metrics, alerts }: TelemetryConfig): AlertRule[] {
  const { source } = metrics;
  return [
    ...(alerts.latency.enabled ? [latencyRise(source, alerts.latency)] : []),
    ...(alerts.errors.enabled ? [errors(source, alerts.errors)] : []),
  ];
}

type Source = TelemetryConfig["metrics"]["source"];

/**
 * P99 of a stage against what it was one span before. The series that fires is that of the worst node, so the alert names
 * it and has its P99 as value. Both spans must hold enough requests: the P99 of a handful is that of the slowest of them.
 */
function latencyRise(source: Source, { rise, within, minRequests }: TelemetryConfig["alerts"]["latency"]): AlertRule {
  const span = promqlDuration(within);
  const now = { source, by: ["stage"], span };
  const before = { ...now, ago: span };
  return {
    alert: "StageLatencyRise",
    expr: [
      `topk by (stage) (1, ${latency(0.99, { source, by: ["stage", "node"], span })})`,
      `and on (stage) (${latency(0.99, now)} > ${1 + rise / 100} * ${latency(0.99, before)})`,
      `and on (stage) (${requestCount(now)} >= ${minRequests})`,
      `and on (stage) (${requestCount(before)} >= ${minRequests})`,
    ].join("\n"),
    labels: { severity: "warning" },
    annotations: {
      summary: `P99 of {{ $labels.stage }} rose by more than ${rise} % within ${within}`,
      description: `It is worst on node {{ $labels.node }}: {{ $value | humanizeDuration }}.`,
    },
  };
}

function errors(source: Source, { share, within, minRequests }: TelemetryConfig["alerts"]["errors"]): AlertRule {
  const question = { source, by: ["stage"], span: promqlDuration(within) };
  return {
    alert: "StageErrors",
    expr: [
      `(${errorShare(question)} > ${share / 100})`,
      `and on (stage) (${requestCount(question)} >= ${minRequests})`,
    ].join("\n"),
    labels: { severity: "warning" },
    annotations: {
      summary: `{{ $labels.stage }} fails {{ $value | humanizePercentage }} of its requests`,
      description: `More than ${share} % of the answers of the last ${within} have a 5xx status, or one of gRPC that says as much.`,
    },
  };
}

/** A file of rules, or the spec of a PrometheusRule. */
export function ruleGroups(telemetry: TelemetryConfig, users: UsersConfig | undefined) {
  return { groups: [{ name: "linly-mesh", rules: [...alertRules(telemetry), ...userAlerts(users)] }] };
}
