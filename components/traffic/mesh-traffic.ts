import * as pulumi from "@pulumi/pulumi";
import type { IngressTlsConfig, MeshConfig, OfflineConfig, PinsConfig, VersionConfig } from "../../config/schema.ts";
import { durationOf } from "../../services/duration.ts";
import { repeatableRoutes } from "../../services/repeatable.ts";
import { liveVersions } from "../../services/shadow.ts";
import type { Cluster } from "../cluster.ts";
import { IngressGateway } from "../istio/ingress-gateway.ts";
import type { Users } from "../security/users.ts";
import type { IngressCertificate } from "../security/ingress-certificate.ts";
import type { AiServices, RunningService } from "../service/ai-services.ts";
import { hostOf } from "../service/workload.ts";
import { Canary } from "./canary.ts";
import type { Dialogues } from "./ingress-routes.ts";
import { IngressLimits } from "./ingress-limits.ts";
import { IngressRoute, type IngressTls } from "./ingress-route.ts";
import { mirroringOf } from "./mirror.ts";
import { offlineAtGateway, offlineClasses, offlineInside, realtimeAtGateway } from "./offline.ts";
import { requestClasses, type Kind, type RequestClass } from "./request-classes.ts";
import { StreamIdle } from "./stream-idle.ts";

export interface MeshTrafficArgs {
  readonly config: MeshConfig;
  readonly services: AiServices;
  readonly gateway: IngressGateway;
  readonly users: Users;
  /** Where users come in by TLS. */
  readonly certificate?: IngressCertificate | undefined;
}

/** The rules by which requests move: shares of each version, where users enter and how often. */
export class MeshTraffic extends pulumi.ComponentResource {
  constructor(cluster: Cluster, args: MeshTrafficArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:traffic:MeshTraffic", cluster.config.name, {}, opts);
    const { config, services, gateway, users, certificate } = args;
    const { namespace } = services;
    const { testers } = config.pins;
    const dialogues = dialoguesOf(config.pins.dialogues, services);

    for (const running of services.running) {
      const { component: service, entry } = running;
      const host = hostOf(service.stage, namespace);
      const versions = liveVersions(running.service);
      const mirroring = mirroringOf(host, running.service);
      const pinned =
        testers !== undefined || (dialogues?.stages.some(({ name }) => name === service.stage.name) ?? false);
      const classes = classesOf(running, services);
      const looksInside = running.service.appProtocol !== "tcp";
      const inside = looksInside ? classesInside(classes, config.offline) : undefined;
      const canaryArgs = { service, versions, mirroring, classes: inside, pinned, namespace };
      const canary = new Canary(cluster, canaryArgs, { parent: this });
      const { idle } = running.stage.streams;
      if (looksInside) {
        const idleArgs = { name: `${service.name}-stream-idle`, routing: canary, callers: { namespace }, idle };
        new StreamIdle(cluster, idleArgs, { parent: this });
      }
      if (entry) {
        const { hosts } = config.ingress;
        const tls = tlsOf(config.ingress.tls, certificate);
        const pins = { testers, dialogues: dialogues && { ...dialogues, secure: tls !== undefined } };
        const atGate = { gateway, walls: users.before, tls };
        const routeArgs = { hosts, entry: service, versions, mirroring, ...pins, namespace, ...atGate };
        const atGateway = classesAtGateway(classes, config.offline, host, versions);
        const routing = new IngressRoute(cluster, { ...routeArgs, classes: atGateway }, { parent: this });
        const callers = { namespace: gateway.namespace.metadata.name, gateway: IngressGateway.selector };
        new StreamIdle(cluster, { name: "ingress-stream-idle", routing, callers, idle }, { parent: this });
      }
    }
    new IngressLimits(cluster, { ingress: config.ingress, offline: config.offline, gateway }, { parent: this });
    this.registerOutputs({});
  }
}

function tlsOf(
  config: IngressTlsConfig | undefined,
  certificate: IngressCertificate | undefined,
): IngressTls | undefined {
  return config === undefined || certificate === undefined ? undefined : { certificate, hstsMaxAge: config.hstsMaxAge };
}

/** The classes of a stage's requests by the time that real-time and offline work have. */
interface Classes {
  readonly realtime: readonly RequestClass<Kind>[];
  readonly offline: readonly RequestClass<Kind>[];
}

function classesOf({ stage, service }: RunningService, { running }: AiServices): Classes {
  const { name, engine, limits } = stage;
  const about = { routes: engine.routes, repeatable: repeatableRoutes(name, running), retries: service.retries };
  return {
    realtime: requestClasses({ ...about, timeout: durationOf(limits.realtime) }),
    offline: requestClasses({ ...about, timeout: durationOf(limits.offline) }),
  };
}

function classesInside({ realtime, offline }: Classes, config: OfflineConfig | undefined): readonly RequestClass[] {
  return config === undefined ? realtime : [...offlineClasses(offline, offlineInside), ...realtime];
}

function classesAtGateway(
  { realtime, offline }: Classes,
  config: OfflineConfig | undefined,
  host: string,
  versions: readonly VersionConfig[],
): readonly RequestClass[] {
  if (config === undefined) return realtime;
  return [
    ...offlineClasses(offline, offlineAtGateway(config.header, host, versions)),
    ...realtime.map((kind) => ({ ...kind, narrowed: realtimeAtGateway })),
  ];
}

function dialoguesOf(config: PinsConfig["dialogues"], { running }: AiServices): Dialogues | undefined {
  if (config === undefined) return undefined;
  const stages = running
    .filter(({ stage }) => config.stages.some((name) => name === stage.name))
    .map(({ stage, service }) => ({ name: stage.name, versions: liveVersions(service) }));
  return { ...config, stages };
}
