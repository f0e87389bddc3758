import { z } from "zod";
import { istioMetrics, usualSpans } from "../../services/telemetry.ts";
import { suggestion } from "../nearest.ts";
import { count, percent, wholeMilliseconds } from "../scalars.ts";
import { object } from "./object.ts";

/** How long an alert looks back; `spanFaults` holds it against how often is measured. */
const span = wholeMilliseconds;

const metric = z.enum(istioMetrics, {
  error: ({ input }) =>
    typeof input === "string" ? `is not a metric of Istio: ${suggestion(input, istioMetrics)}` : undefined,
});

const enabled = z.boolean().default(true).describe("Whether the rule is there.");

const requests = (least: number) =>
  z
    .number({ error: "is not a number of requests" })
    .int({ error: "is not a whole number of requests" })
    .min(1, { error: "is not a number of requests of at least 1" })
    .default(least)
    .describe("Fewer requests than these in the span are no ground for a judgement.");

const latencyAlert = object({
  enabled,
  rise: count(1, "percent")
    .default(300)
    .describe("By how much P99 rises until the alert fires, in percent: 300 is four times as long."),
  within: span.default(usualSpans.latency).describe("The span that is compared with the one before it."),
  minRequests: requests(100),
});

const errorAlert = object({
  enabled,
  share: percent
    .default(5)
    .describe("Share of answers with a 5xx status, or one of gRPC that says as much, from which on the alert fires."),
  within: span.default(usualSpans.errors).describe("The span over which the share is taken."),
  minRequests: requests(20),
});

export const telemetry = object({
  tracing: object({
    sampling: percent.default(1).describe("Share of requests that are traced, in percent."),
  })
    .prefault({})
    .describe("Traces of requests through the stages."),
  metrics: object({
    source: z
      .enum(["istio", "stage"], {
        error: 'is not a source of metrics: "istio" (the sidecars) or "stage" (the stages themselves)',
      })
      .default("istio")
      .describe("Whose metrics the dashboard and the alerts read."),
    disabled: z
      .array(metric)
      .default(["REQUEST_SIZE", "RESPONSE_SIZE"])
      .describe("Metrics of Istio that no sidecar reports; by default those that nothing here reads."),
  })
    .prefault({})
    .describe("Metrics of requests."),
  alerts: object({
    latency: latencyAlert.prefault({}).describe("A stage's P99 rises, and on which node it is worst."),
    errors: errorAlert.prefault({}).describe("A stage's answers fail."),
  })
    .prefault({})
    .describe("What is judged by those metrics."),
}).prefault({});

export type TelemetryConfig = z.output<typeof telemetry>;
