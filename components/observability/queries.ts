import { durationOf, seconds, type Duration } from "../../services/duration.ts";
import { requestMetrics, type MetricSource } from "../../services/telemetry.ts";

/**
 * Questions to Prometheus about the requests that stages answer. A sample carries `stage`, `version`, `pod` and `node`
 * whoever measured it, and a shadow's `shadow`: the scrape adds them (scrape.ts).
 */
export interface Question {
  readonly source: MetricSource;
  /** Labels by which the answer is split. */
  readonly by: readonly string[];
  /** Whether the answers of shadows count, which no caller waits for. Default: no. */
  readonly shadows?: boolean;
  /** Span of time that is looked at: `10m`, or Grafana's `$__rate_interval`. */
  readonly span: string;
  /** How far back that span ends. Default: now. */
  readonly ago?: string;
}

/** Requests a second. */
export function requestRate(question: Question): string {
  const { by, span } = question;
  return `sum by (${by.join(", ")}) (rate(${requests(question)}[${span}]))`;
}

/** Number of requests in the span. */
export function requestCount(question: Question): string {
  const { by, span, ago } = question;
  return `sum by (${by.join(", ")}) (increase(${requests(question)}[${span}]${offset(ago)}))`;
}

/** Share of requests that end with a 5xx status, or one of gRPC that says as much: 0 to 1, nothing where none has yet. */
export function errorShare(question: Question): string {
  const { source, by, span } = question;
  const failed = requestMetrics[source].failed.map((selector) => `rate(${requests(question, selector)}[${span}])`);
  return `sum by (${by.join(", ")}) (${failed.join(" or ")}) / ${requestRate(question)}`;
}

/** The duration that a share of requests stays below, in seconds. */
export function latency(quantile: number, question: Question): string {
  const { source, by, span, ago } = question;
  const { durations, unitSeconds } = requestMetrics[source];
  const buckets = `${durations}_bucket{${selectors(question).join(", ")}}`;
  const rate = `sum by (${[...by, "le"].join(", ")}) (rate(${buckets}[${span}]${offset(ago)}))`;
  const value = `histogram_quantile(${quantile}, ${rate})`;
  return unitSeconds === 1 ? value : `(${value} * ${unitSeconds})`;
}

/** Share of a stage's requests that each of its versions answers: 0 to 1. */
export function versionShare(source: MetricSource, span: string): string {
  const own = requestRate({ source, span, by: ["stage", "version"] });
  return `${own} / on (stage) group_left () ${requestRate({ source, span, by: ["stage"] })}`;
}

function requests(question: Question, ...more: readonly string[]): string {
  return `${requestMetrics[question.source].requests}{${[...selectors(question), ...more].join(", ")}}`;
}

function selectors({ source, shadows = false }: Question): string[] {
  const { selector } = requestMetrics[source];
  return [...(selector === "" ? [] : [selector]), 'stage!=""', ...(shadows ? [] : ['shadow=""'])];
}

function offset(ago: string | undefined): string {
  return ago === undefined ? "" : ` offset ${ago}`;
}

/** Prometheus knows no fractions of a unit: `1.5m` is `90s`. */
export function promqlDuration(duration: Duration): Duration {
  return durationOf(seconds(duration));
}
