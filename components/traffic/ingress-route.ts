import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { VersionConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { IngressGateway } from "../istio/ingress-gateway.ts";
import { istioObject } from "../istio/objects.ts";
import { hostOf } from "../service/workload.ts";
import type { AiService } from "../service/ai-service.ts";
import { routeNeeds, weightedRoute } from "./canary.ts";

export interface IngressRouteArgs {
  /** Names under which users reach the pipeline. */
  readonly hosts: readonly string[];
  /** The stage that users reach. */
  readonly entry: AiService;
  readonly versions: readonly VersionConfig[];
  readonly namespace: string;
  readonly gateway: IngressGateway;
}

/** Opens the ingress gateway to the pipeline's entry stage, with that stage's canary weights. */
export class IngressRoute extends pulumi.ComponentResource {
  readonly gateway: k8s.apiextensions.CustomResource;
  readonly route: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: IngressRouteArgs, opts?: pulumi.ComponentResourceOptions) {
    const { hosts, entry, versions, namespace } = args;
    super("linly-mesh:traffic:IngressRoute", cluster.config.name, {}, opts);
    const child = { parent: this, provider: cluster.provider };

    this.gateway = istioObject(
      "Gateway",
      `${cluster.config.name}-ingress`,
      { name: "ingress", namespace },
      {
        selector: IngressGateway.selector,
        servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: [...hosts] }],
      },
      { ...child, dependsOn: [args.gateway.release] },
    );
    this.route = istioObject(
      "VirtualService",
      `${cluster.config.name}-ingress`,
      { name: "ingress", namespace },
      { hosts: [...hosts], gateways: ["ingress"], http: [weightedRoute(hostOf(entry.stage, namespace), versions)] },
      { ...child, dependsOn: [this.gateway, ...routeNeeds(entry, versions)] },
    );
    this.registerOutputs({ hosts: [...hosts] });
  }
}
