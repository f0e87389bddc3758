import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { serviceName, type Stage } from "../../services/stage.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject } from "../istio/objects.ts";
import type { Collector } from "../observability/collector.ts";
import { hostOf } from "../service/workload.ts";

/**
 * The hosts a service's sidecar learns of: those it calls, the collector that it sends its spans to, and no others; `~/*`
 * stands for none.
 */
export function egressHosts(hops: readonly Stage[], namespace: string, collector?: Collector): string[] {
  const traces = collector === undefined ? [] : [`${collector.namespace}/${collector.service}`];
  const hosts = [...hops.map((hop) => `./${hostOf(hop, namespace)}`), ...traces];
  return hosts.length === 0 ? ["~/*"] : hosts;
}

export interface SidecarScopeArgs {
  readonly stage: Stage;
  readonly hops: readonly Stage[];
  readonly namespace: string;
  readonly collector: Collector | undefined;
  readonly after: readonly pulumi.Resource[];
}

/** Narrows what a stage's sidecars are told of the mesh, and refuses every destination outside it. */
export class SidecarScope extends pulumi.ComponentResource {
  readonly sidecar: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: SidecarScopeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stage, hops, namespace, collector, after } = args;
    const name = serviceName(stage);
    super("linly-mesh:traffic:SidecarScope", `${cluster.config.name}-${name}`, {}, opts);
    this.sidecar = istioObject(
      "Sidecar",
      `${cluster.config.name}-${name}`,
      { name, namespace },
      {
        workloadSelector: { labels: { app: name } },
        egress: [{ hosts: egressHosts(hops, namespace, collector) }],
        outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      },
      { parent: this, provider: cluster.provider, dependsOn: [...after] },
    );
    this.registerOutputs({});
  }
}
