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
import { startupSeconds } from "../service/rollout.ts";
import { hostOf } from "../service/workload.ts";
import { Canary, routeNeeds } from "./canary.ts";
import type { Dialogues } from "./ingress-routes.ts";
import { IngressLimits } from "./ingress-limits.ts";
import { IngressRoute, type IngressSplit, type IngressTls } from "./ingress-route.ts";
import { mirroringOf } from "./mirror.ts";
import { modelChangeClasses } from "./model-change.ts";
import { offlineAtGateway, offlineClasses, offlineInside, realtimeAtGateway } from "./offline.ts";
import { requestClasses, type Kind, type RequestClass } from "./request-classes.ts";
import { sameShares, splitsOf } from "./splits.ts";
import { StreamIdle } from "./stream-idle.ts";
import type { WeightedVersion } from "./weights.ts";

export interface MeshTrafficArgs {
  readonly config: MeshConfig;
  /** The stages in the control plane's own cluster. */
  readonly services: AiServices;
  /** The same in the remotes that it serves, by their names. Default: it serves none. */
  readonly remotes?: ReadonlyMap<string, AiServices>;
  /** The same in all other clusters. Default: there are none. */
  readonly elsewhere?: readonly AiServices[];
  readonly gateway: IngressGateway;
  readonly users: Users;
  /** Where users come in by TLS. */
  readonly certificate?: IngressCertificate | undefined;
  /** Those of the gateways of its remotes. Default: there are none. */
  readonly certificatesElsewhere?: readonly pulumi.Resource[];
}

const noRemotes: ReadonlyMap<string, AiServices> = new Map();

/** The rules by which requests move: shares of each version, where users enter and how often. */
export class MeshTraffic extends pulumi.ComponentResource {
  constructor(cluster: Cluster, args: MeshTrafficArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:traffic:MeshTraffic", cluster.config.name, {}, opts);
    const { config, services, remotes = noRemotes, gateway, users, certificate } = args;
    const { namespace } = services;
    const { testers } = config.pins;
    const dialogues = dialoguesOf(config.pins.dialogues, services);

    const routed = services.running.map((running) => {
      const { component: service, stage } = running;
      const about = aboutOf(running, args);
      const looksInside = running.service.appProtocol !== "tcp";
      const inside = looksInside ? classesInside(about.classes, running, config) : undefined;
      const isKept = dialogues?.stages.some(({ name }) => name === stage.name) ?? false;
      const pinned = testers !== undefined || isKept;
      const canary = new Canary(cluster, { service, ...about, classes: inside, pinned, namespace }, { parent: this });
      if (looksInside) {
        const { streams } = stage;
        const idleArgs = { name: `${service.name}-stream-idle`, routing: canary, callers: { namespace }, streams };
        new StreamIdle(cluster, idleArgs, { parent: this });
      }
      return { ...about, running, isKept, route: canary.route };
    });
    // Who begins a dialogue is told versions that its stages' own routes know.
    const kept = routed.filter(({ isKept }) => isKept).map(({ route }) => route);
    for (const { running, needs, mirroring, classes } of routed.filter(({ running }) => running.entry)) {
      const { component: entry, stage, service } = running;
      const { hosts } = config.ingress;
      const tls = tlsOf(config.ingress.tls, certificate);
      const secure = tls !== undefined;
      const splits = ingressSplits(config.pins.dialogues, services, remotes).map((split) => ({
        ...split,
        dialogues: split.dialogues && { ...split.dialogues, secure },
      }));
      const atGate = { gateway, walls: [...users.before, ...(args.certificatesElsewhere ?? [])], tls };
      const routeArgs = { hosts, entry, splits, needs: [...needs, ...kept], mirroring, testers, namespace, ...atGate };
      const atGateway = classesAtGateway(classes, config.offline, hostOf(stage, namespace), liveVersions(service));
      const routing = new IngressRoute(cluster, { ...routeArgs, classes: atGateway }, { parent: this });
      const callers = { namespace: gateway.namespace.metadata.name, gateway: IngressGateway.selector };
      const { streams } = stage;
      new StreamIdle(cluster, { name: "ingress-stream-idle", routing, callers, streams }, { parent: this });
    }
    new IngressLimits(cluster, { ingress: config.ingress, offline: config.offline, gateway }, { parent: this });
    this.registerOutputs({});
  }
}

/** What both its callers in the pipeline and the gateway do with a stage's requests, and what has to be there first. */
function aboutOf(running: RunningService, { services, remotes = noRemotes, elsewhere = [] }: MeshTrafficArgs) {
  const { component, stage, service } = running;
  const { name } = stage;
  const others = [...remotes].map(([cluster, remote]) => ({
    cluster,
    versions: liveVersions(remote.stage(name).service),
  }));
  const splits = splitsOf(liveVersions(service), others);
  const near = [component, ...[...remotes.values()].map((remote) => remote.stage(name).component)];
  const far = elsewhere.map((other) => other.stage(name).component);
  const spread = service.versions.some((version) => running.geography(version.name).spread);
  return {
    splits,
    needs: routeNeeds(near, far, splits),
    mirroring: mirroringOf(hostOf(stage, services.namespace), service),
    classes: classesOf(running, services, spread),
  };
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

function classesOf({ stage, service }: RunningService, { running }: AiServices, spread: boolean): Classes {
  const { name, engine, limits } = stage;
  const repeatable = repeatableRoutes(name, running);
  const about = { protocol: engine.protocol, routes: engine.routes, repeatable, retries: service.retries, spread };
  return {
    realtime: requestClasses({ ...about, timeout: durationOf(limits.realtime) }),
    offline: requestClasses({ ...about, timeout: durationOf(limits.offline) }),
  };
}

function classesInside(
  { realtime, offline }: Classes,
  { stage, service }: RunningService,
  config: Pick<MeshConfig, "modelUploader" | "offline">,
): readonly RequestClass[] {
  const modelChange = modelChangeClasses({
    routes: stage.engine.routes,
    classes: realtime,
    namespace: config.modelUploader.namespace,
    startup: startupSeconds(stage, service),
    realtime: stage.limits.realtime,
  });
  const unhurried = config.offline === undefined ? [] : offlineClasses(offline, offlineInside);
  return [...modelChange, ...unhurried, ...realtime];
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

/**
 * How each cluster's gateway chooses: a dialogue keeps versions of several stages, so that all of their shares count, not
 * those of the entry stage alone.
 */
function ingressSplits(
  dialogues: PinsConfig["dialogues"],
  services: AiServices,
  remotes: ReadonlyMap<string, AiServices>,
): IngressSplit[] {
  const splitOf = (of: AiServices, callers: string | undefined): IngressSplit => ({
    callers,
    versions: liveVersions(of.entry.service),
    dialogues: dialoguesOf(dialogues, of),
  });
  const own = splitOf(services, undefined);
  const others = [...remotes].map(([cluster, remote]) => splitOf(remote, cluster));
  const differs = (split: IngressSplit) => {
    const there = chosenBy(split);
    return chosenBy(own).some((versions, index) => !sameShares(versions, there[index] ?? []));
  };
  return [...others.filter(differs), own];
}

/** All between which a gateway chooses: the versions of the entry stage, and of each stage that a dialogue keeps. */
function chosenBy({ versions, dialogues }: IngressSplit): (readonly WeightedVersion[])[] {
  return [versions, ...(dialogues?.stages ?? []).map((stage) => stage.versions)];
}

function dialoguesOf(config: PinsConfig["dialogues"], { running }: AiServices): Dialogues | undefined {
  if (config === undefined) return undefined;
  const stages = running
    .filter(({ stage }) => config.stages.some((name) => name === stage.name))
    .map(({ stage, service }) => ({ name: stage.name, versions: liveVersions(service) }));
  return { ...config, stages };
}
