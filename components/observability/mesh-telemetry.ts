import * as pulumi from "@pulumi/pulumi";
import type { TelemetryConfig } from "../../config/schema.ts";
import type { IstioMetric } from "../../services/telemetry.ts";
import type { Cluster } from "../cluster.ts";
import type { Istio } from "../istio/istio.ts";
import type { IstioSpecs } from "../istio/generated/kinds.ts";
import type { Metrics } from "../istio/generated/telemetry.ts";
import { istioObject } from "../istio/objects.ts";
import { istioNamespace, tracingProvider } from "../istio/values.ts";
import type { Collector } from "./collector.ts";

export interface MeshTelemetryArgs {
  readonly telemetry: TelemetryConfig;
  readonly collector: Collector | undefined;
  readonly istio: Istio;
}

/** What every sidecar and gateway of the mesh tells of the requests that pass it. */
export class MeshTelemetry extends pulumi.ComponentResource {
  constructor(cluster: Cluster, args: MeshTelemetryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:MeshTelemetry", cluster.config.name, {}, opts);
    // In the root namespace and without a selector, it holds for the whole mesh.
    istioObject(
      "Telemetry",
      `${cluster.config.name}-mesh-default`,
      { name: "mesh-default", namespace: istioNamespace },
      telemetrySpec(args.telemetry, args.collector),
      { parent: this, provider: cluster.provider, dependsOn: [args.istio.istiod] },
    );
    this.registerOutputs({});
  }
}

/**
 * What is logged: an answer of 400 or more, and whatever Envoy has a flag for, such as a request that was given up before
 * there was an answer and so before there was a code. A comparison with what is not there counts as false beside a true one.
 */
export const isError = "response.code >= 400 || response.flags != 0";

/** Errors to the log, sampling where there is a collector, and the metrics that are left out. */
export function telemetrySpec(
  { tracing, metrics }: TelemetryConfig,
  collector: Collector | undefined,
): IstioSpecs["Telemetry"] {
  return {
    accessLogging: [{ providers: [{ name: "envoy" }], filter: { expression: isError } }],
    ...(collector !== undefined && {
      tracing: [{ providers: [{ name: tracingProvider }], randomSamplingPercentage: tracing.sampling }],
    }),
    // Without a provider this is said to those that the chart switches on. Named, one would be on where it is off.
    metrics: [{ overrides: leftOut(metrics.disabled) }],
  };
}

/** The caller's side counts requests, since some never arrive, but durations are those of whoever answers. */
function leftOut(disabled: readonly IstioMetric[]): NonNullable<Metrics["overrides"]> {
  const whole = disabled.map((metric) => ({ match: { metric }, disabled: true }));
  if (disabled.includes("REQUEST_DURATION")) return whole;
  return [{ match: { metric: "REQUEST_DURATION", mode: "CLIENT" }, disabled: true }, ...whole];
}
