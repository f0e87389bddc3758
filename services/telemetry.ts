import type { Duration } from "./duration.ts";

/** Istio's own metrics, by the names that its Telemetry resource switches them off with. */
export const istioMetrics = [
  "REQUEST_COUNT",
  "REQUEST_DURATION",
  "REQUEST_SIZE",
  "RESPONSE_SIZE",
  "TCP_OPENED_CONNECTIONS",
  "TCP_CLOSED_CONNECTIONS",
  "TCP_SENT_BYTES",
  "TCP_RECEIVED_BYTES",
  "GRPC_REQUEST_MESSAGES",
  "GRPC_RESPONSE_MESSAGES",
] as const;

export type IstioMetric = (typeof istioMetrics)[number];

/** Who measures requests: the sidecars, or the stages themselves as the simulator does. */
export type MetricSource = "istio" | "stage";

/** Where requests and their durations are found in what one source exposes. */
export interface RequestMetrics {
  /** Counter of requests. */
  readonly requests: string;
  /** Histogram of durations, without its suffix. */
  readonly durations: string;
  /** Seconds in one unit of the durations. */
  readonly unitSeconds: number;
  /** Selectors of the requests that failed by the stage's doing; a request is in one of them at most. */
  readonly failed: readonly [string, ...string[]];
  /** What else selects the requests that a stage answers: a sidecar also reports those that its stage makes. */
  readonly selector: string;
}

export const requestMetrics: Record<MetricSource, RequestMetrics> = {
  istio: {
    requests: "istio_requests_total",
    durations: "istio_request_duration_milliseconds",
    unitSeconds: 0.001,
    // A call of gRPC has HTTP's status 200 however it ends: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
    // One that its caller left has no status of its own, and Istio counts that as UNKNOWN.
    failed: [
      'response_code=~"5.."',
      'response_code!~"5..", grpc_response_status=~"2|4|12|13|14|15", response_flags!~"(.*,)?(DC|DR)(,.*)?"',
    ],
    selector: 'reporter="destination"',
  },
  stage: {
    requests: "stage_requests_total",
    durations: "stage_request_duration_seconds",
    unitSeconds: 1,
    failed: ['code=~"5.."'],
    selector: "",
  },
};

/** The alerts of the program, and which of Istio's metrics each judges by. */
export const alertNeeds = {
  latency: ["REQUEST_COUNT", "REQUEST_DURATION"],
  errors: ["REQUEST_COUNT"],
} as const satisfies Record<string, readonly IstioMetric[]>;

export type AlertName = keyof typeof alertNeeds;

/** How often pods are read where the stack does not say: Prometheus' own default is a minute, which sees a bad rollout late. */
export const usualScrapeInterval = "15s";

/** How long samples are kept where the stack does not say. */
export const usualRetention = "7d";

/** Over which span an alert judges where the stack does not say. */
export const usualSpans = { latency: "10m", errors: "5m" } as const satisfies Record<AlertName, Duration>;
