import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig, PinsConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { IngressGateway } from "../istio/ingress-gateway.ts";
import type { AiServices } from "../service/ai-services.ts";
import { Canary } from "./canary.ts";
import type { Dialogues } from "./ingress-routes.ts";
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
    const { testers } = config.pins;
    const dialogues = dialoguesOf(config.pins.dialogues, services);

    for (const running of services.running) {
      const { component: service, entry } = running;
      const { versions } = running.service;
      const pinned =
        testers !== undefined || (dialogues?.stages.some(({ name }) => name === service.stage.name) ?? false);
      new Canary(cluster, { service, versions, pinned, namespace }, { parent: this });
      if (entry) {
        const { hosts } = config.ingress;
        const routeArgs = { hosts, entry: service, versions, testers, dialogues, namespace, gateway };
        new IngressRoute(cluster, routeArgs, { parent: this });
      }
    }
    this.registerOutputs({});
  }
}

function dialoguesOf(config: PinsConfig["dialogues"], { running }: AiServices): Dialogues | undefined {
  if (config === undefined) return undefined;
  const stages = running
    .filter(({ stage }) => config.stages.some((name) => name === stage.name))
    .map(({ stage, service }) => ({ name: stage.name, versions: service.versions }));
  return { ...config, stages };
}
