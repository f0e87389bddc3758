import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig, PinsConfig } from "../../config/schema.ts";
import { durationOf } from "../../services/duration.ts";
import { repeatableRoutes } from "../../services/repeatable.ts";
import { liveVersions } from "../../services/shadow.ts";
import type { Cluster } from "../cluster.ts";
import { IngressGateway } from "../istio/ingress-gateway.ts";
import type { AiServices, RunningService } from "../service/ai-services.ts";
import { hostOf } from "../service/workload.ts";
import { Canary } from "./canary.ts";
import type { Dialogues } from "./ingress-routes.ts";
import { IngressRoute } from "./ingress-route.ts";
import { mirroringOf } from "./mirror.ts";
import { requestClasses, type RequestClass } from "./request-classes.ts";
import { StreamIdle } from "./stream-idle.ts";

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
      const versions = liveVersions(running.service);
      const mirroring = mirroringOf(hostOf(service.stage, namespace), running.service);
      const pinned =
        testers !== undefined || (dialogues?.stages.some(({ name }) => name === service.stage.name) ?? false);
      const classes = classesOf(running, services);
      const looksInside = running.service.appProtocol !== "tcp";
      const canaryArgs = {
        service,
        versions,
        mirroring,
        classes: looksInside ? classes : undefined,
        pinned,
        namespace,
      };
      const canary = new Canary(cluster, canaryArgs, { parent: this });
      const { idle } = running.stage.streams;
      if (looksInside) {
        const idleArgs = { name: `${service.name}-stream-idle`, routing: canary, callers: { namespace }, idle };
        new StreamIdle(cluster, idleArgs, { parent: this });
      }
      if (entry) {
        const { hosts } = config.ingress;
        const pins = { testers, dialogues };
        const routeArgs = { hosts, entry: service, versions, mirroring, classes, ...pins, namespace, gateway };
        const routing = new IngressRoute(cluster, routeArgs, { parent: this });
        const callers = { namespace: gateway.namespace.metadata.name, gateway: IngressGateway.selector };
        new StreamIdle(cluster, { name: "ingress-stream-idle", routing, callers, idle }, { parent: this });
      }
    }
    this.registerOutputs({});
  }
}

function classesOf({ stage, service }: RunningService, { running }: AiServices): RequestClass[] {
  const { name, engine, limits } = stage;
  return requestClasses({
    routes: engine.routes,
    repeatable: repeatableRoutes(name, running),
    retries: service.retries,
    timeout: durationOf(limits.realtime),
  });
}

function dialoguesOf(config: PinsConfig["dialogues"], { running }: AiServices): Dialogues | undefined {
  if (config === undefined) return undefined;
  const stages = running
    .filter(({ stage }) => config.stages.some((name) => name === stage.name))
    .map(({ stage, service }) => ({ name: stage.name, versions: liveVersions(service) }));
  return { ...config, stages };
}
