import * as pulumi from "@pulumi/pulumi";
import type { TelemetryConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { Istio } from "../istio/istio.ts";
import type { IstioSpecs } from "../istio/generated/kinds.ts";
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
    const spec = telemetrySpec(args.telemetry, args.collector);
    if (Object.keys(spec).length > 0) {
      // In the root namespace and without a selector, it holds for the whole mesh.
      istioObject(
        "Telemetry",
        `${cluster.config.name}-mesh-default`,
        { name: "mesh-default", namespace: istioNamespace },
        spec,
        { parent: this, provider: cluster.provider, dependsOn: [args.istio.istiod] },
      );
    }
    this.registerOutputs({});
  }
}

/** Sampling where there is a collector, and the metrics that are left out; empty where Istio's defaults are right. */
export function telemetrySpec(
  { tracing, metrics }: TelemetryConfig,
  collector: Collector | undefined,
): IstioSpecs["Telemetry"] {
  return {
    ...(collector !== undefined && {
      tracing: [{ providers: [{ name: tracingProvider }], randomSamplingPercentage: tracing.sampling }],
    }),
    ...(metrics.disabled.length > 0 && {
      metrics: [
        {
          providers: [{ name: "prometheus" }],
          overrides: metrics.disabled.map((metric) => ({ match: { metric }, disabled: true })),
        },
      ],
    }),
  };
}
