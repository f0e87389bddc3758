import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { IngressConfig, OfflineConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { EnvoyConfigObjectPatch } from "../istio/generated/envoy-filter.ts";
import { IngressGateway } from "../istio/ingress-gateway.ts";
import { istioObject } from "../istio/objects.ts";
import { ingressName } from "../istio/values.ts";
import { clientLimitFilter, limitFilter, type HttpFilter } from "./rate-limit.ts";

export interface IngressLimitsArgs {
  readonly ingress: IngressConfig;
  readonly offline: OfflineConfig | undefined;
  readonly gateway: IngressGateway;
}

/** How many requests the gateway takes: of one client, and of all together. Istio's API has no word for either. */
export class IngressLimits extends pulumi.ComponentResource {
  /** Absent where nothing is limited. */
  readonly filter: k8s.apiextensions.CustomResource | undefined;

  constructor(cluster: Cluster, args: IngressLimitsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { ingress, offline, gateway } = args;
    super("linly-mesh:traffic:IngressLimits", cluster.config.name, {}, opts);
    const filters = limitsOf(ingress, offline);
    if (filters.length > 0) {
      this.filter = istioObject(
        "EnvoyFilter",
        `${cluster.config.name}-ingress-limits`,
        { name: "ingress-limits", namespace: ingressName },
        { workloadSelector: { labels: IngressGateway.selector }, configPatches: inOrder(filters) },
        { parent: this, provider: cluster.provider, dependsOn: [gateway.release] },
      );
    }
    this.registerOutputs({});
  }
}

/** The filters of the limits that are set, in the order in which a request meets them. */
export function limitsOf({ limit, clientLimit }: IngressConfig, offline?: OfflineConfig): HttpFilter[] {
  return [
    // A client that has sent too much takes nothing of what all have together.
    ...(clientLimit === undefined ? [] : [clientLimitFilter(clientLimit)]),
    ...(limit === undefined ? [] : [limitFilter(limit, offline)]),
  ];
}

/** Puts filters before all others of the gateway, so that a request that is refused costs as little as it can. */
export function inOrder(filters: readonly HttpFilter[]): EnvoyConfigObjectPatch[] {
  // Each goes to the front in its turn: the last one is met first.
  return filters.toReversed().map((filter) => ({
    applyTo: "HTTP_FILTER",
    match: {
      context: "GATEWAY",
      listener: { filterChain: { filter: { name: "envoy.filters.network.http_connection_manager" } } },
    },
    patch: { operation: "INSERT_FIRST", value: { ...filter } },
  }));
}
