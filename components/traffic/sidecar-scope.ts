import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { VersionConfig } from "../../config/schema.ts";
import { serviceName, type Stage } from "../../services/stage.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject } from "../istio/objects.ts";
import type { Collector } from "../observability/collector.ts";
import { hostOf, versionLabels } from "../service/workload.ts";

/**
 * The hosts a version's sidecars learn of: those it calls, in the mesh and outside, the collector that it sends its spans
 * to, and no others; `~/*` stands for none.
 */
export function egressHosts(
  hops: readonly Stage[],
  namespace: string,
  collector?: Collector,
  outside: readonly string[] = [],
): string[] {
  const traces = collector === undefined ? [] : [`${collector.namespace}/${collector.service}`];
  const called = [...hops.map((hop) => hostOf(hop, namespace)), ...outside];
  const hosts = [...called.map((host) => `./${host}`), ...traces];
  return hosts.length === 0 ? ["~/*"] : hosts;
}

export interface SidecarScopeArgs {
  readonly stage: Stage;
  readonly version: Pick<VersionConfig, "name">;
  readonly hops: readonly Stage[];
  /** Hosts outside the cluster that it may call. */
  readonly egress: readonly string[];
  readonly namespace: string;
  readonly collector: Collector | undefined;
  readonly after: readonly pulumi.Resource[];
}

/**
 * Narrows what a version's sidecars are told of the mesh, and refuses every destination outside it. Each version has a scope
 * of its own, so that no pod is in two: of two scopes Istio takes the older one, and a shadow's would come to nothing.
 */
export class SidecarScope extends pulumi.ComponentResource {
  readonly sidecar: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: SidecarScopeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stage, version, hops, egress, namespace, collector, after } = args;
    const name = `${serviceName(stage)}-${version.name}`;
    super("linly-mesh:traffic:SidecarScope", `${cluster.config.name}-${name}`, {}, opts);
    this.sidecar = istioObject(
      "Sidecar",
      `${cluster.config.name}-${name}`,
      { name, namespace },
      {
        workloadSelector: { labels: versionLabels(stage, version) },
        egress: [{ hosts: egressHosts(hops, namespace, collector, egress) }],
        outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      },
      { parent: this, provider: cluster.provider, dependsOn: [...after] },
    );
    this.registerOutputs({});
  }
}
