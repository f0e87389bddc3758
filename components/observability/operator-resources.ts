import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { TelemetryConfig, UsersConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { ingressName, istioNamespace } from "../istio/values.ts";
import { ruleGroups } from "./alerts.ts";
import { sidecarPath, sidecarPods, type Relabelling } from "./scrape.ts";

export interface OperatorResourcesArgs {
  /** Labels by which the operator's Prometheus picks them. */
  readonly labels: Record<string, string>;
  readonly telemetry: TelemetryConfig;
  readonly users: UsersConfig | undefined;
  readonly namespace: k8s.core.v1.Namespace;
  /** The namespace in which the stages run. */
  readonly stages: string;
}

/** For a cluster with the Prometheus operator: what it is to read, and the alerts, as its own resources. */
export class OperatorResources extends pulumi.ComponentResource {
  constructor(cluster: Cluster, args: OperatorResourcesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:observability:OperatorResources", cluster.config.name, {}, opts);
    const { labels, telemetry, users, namespace, stages } = args;
    const resource = (kind: "PodMonitor" | "ServiceMonitor" | "PrometheusRule", name: string, spec: object) =>
      new k8s.apiextensions.CustomResource(
        `${cluster.config.name}-${name}`,
        {
          apiVersion: "monitoring.coreos.com/v1",
          kind,
          metadata: { name, namespace: namespace.metadata.name, labels },
          spec,
        },
        { parent: this, provider: cluster.provider },
      );

    resource("PodMonitor", "sidecars", sidecarMonitor([stages, ingressName]));
    resource("ServiceMonitor", "istiod", istiodMonitor);
    resource("PrometheusRule", "linly-mesh", ruleGroups(telemetry, users));
    this.registerOutputs({});
  }
}

/** Every sidecar and gateway of these namespaces, at its agent's port. */
export function sidecarMonitor(namespaces: readonly string[]) {
  return {
    selector: {},
    namespaceSelector: { matchNames: [...namespaces] },
    podMetricsEndpoints: [{ path: sidecarPath, interval: "15s", relabelings: sidecarPods.map(inOperatorsWords) }],
  };
}

const istiodMonitor = {
  selector: { matchLabels: { istio: "pilot" } },
  namespaceSelector: { matchNames: [istioNamespace] },
  endpoints: [{ port: "http-monitoring", interval: "15s" }],
};

function inOperatorsWords({ source_labels, target_label, ...rest }: Relabelling) {
  return { sourceLabels: source_labels, ...(target_label !== undefined && { targetLabel: target_label }), ...rest };
}
