import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { IngressGateway } from "../istio/ingress-gateway.ts";
import type { AiServices } from "../service/ai-services.ts";
import { Canary } from "./canary.ts";
import { IngressRoute } from "./ingress-route.ts";

export interface MeshTrafficArgs {
  readonly config: MeshConfig;
  readonly services: AiServices;
  readonly gateway: IngressGateway;
}

/** The rules by which requests move: shares of each version, where users enter. */
export class MeshTraffic extends pulumi.ComponentResource {
  constructor(cluster: Cluster, args: MeshTrafficArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:traffic:MeshTraffic", cluster.config.name, {}, opts);
    const { config, services, gateway } = args;
    const { namespace } = services;

    for (const running of services.running) {
      const { component: service, entry } = running;
      const { versions } = running.service;
      new Canary(cluster, { service, versions, namespace }, { parent: this });
      if (entry) {
        const { hosts } = config.ingress;
        new IngressRoute(cluster, { hosts, entry: service, versions, namespace, gateway }, { parent: this });
      }
    }
    this.registerOutputs({});
  }
}
