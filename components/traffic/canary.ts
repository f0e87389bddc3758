import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { VersionConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject, type NamedRoute } from "../istio/objects.ts";
import type { AiService } from "../service/ai-service.ts";
import { hostOf } from "../service/workload.ts";
import { withCopies, type Mirroring } from "./mirror.ts";
import { carrier, listWith } from "./pins.ts";
import { byClass, idempotenceAnnotation, type RequestClass } from "./request-classes.ts";
import { hostOfVersions, routedVersions, type WeightedVersion } from "./weights.ts";

export interface CanaryArgs {
  readonly service: AiService;
  /** Those that requests may be sent to. */
  readonly versions: readonly VersionConfig[];
  readonly mirroring: Mirroring;
  /** The kinds of its requests, each with its timeout and retries; undefined where nobody looks into requests. */
  readonly classes: readonly RequestClass[] | undefined;
  /** Whether requests can be pinned to a version of this service. */
  readonly pinned: boolean;
  readonly namespace: string;
}

/**
 * Splits a service's requests over its versions. The route waits for the pods of versions that take a share and of no
 * other, so that traffic can leave a version that does not come up.
 */
export class Canary extends pulumi.ComponentResource {
  readonly hosts: readonly string[];
  readonly http: readonly NamedRoute[];
  readonly route: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: CanaryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { service, versions, mirroring, classes, pinned, namespace } = args;
    super("linly-mesh:traffic:Canary", `${cluster.config.name}-${service.name}`, {}, opts);
    const host = hostOf(service.stage, namespace);
    const byVersion = [
      ...(pinned ? pinnedRoutes(service.stage.name, host, versions) : []),
      weightedRoute(host, versions),
    ];
    const routes = withCopies(byVersion, mirroring);
    this.hosts = [host];
    this.http = classes === undefined ? [] : byClass(routes, classes);
    this.route = istioObject(
      "VirtualService",
      `${cluster.config.name}-${service.name}`,
      { name: service.name, namespace, annotations: classes && idempotenceAnnotation(routes, classes) },
      classes === undefined
        ? { hosts: [host], tcp: [{ route: weightedRoute(host, versions).route }] }
        : { hosts: [host], http: [...this.http] },
      { parent: this, provider: cluster.provider, dependsOn: routeNeeds(service, versions) },
    );
    this.registerOutputs({ weights: versions.map(({ name, weight }) => ({ name, weight })) });
  }
}

/** What must be there before a route: the Service, every subset, and the pods of each version that takes a share. */
export function routeNeeds(service: AiService, versions: readonly WeightedVersion[]): pulumi.Resource[] {
  const routed = new Set(routedVersions(versions).map(({ name }) => name));
  return [
    service.service,
    ...service.versions.map(({ subset }) => subset),
    ...service.versions.filter(({ name }) => routed.has(name)).map(({ deployment }) => deployment),
  ];
}

/** A route for each version, taken by requests that carry its name; also by those of a version without a share. */
export function pinnedRoutes(stage: string, host: string, versions: readonly WeightedVersion[]): NamedRoute[] {
  const { to } = hostOfVersions(host, versions);
  return versions.map(({ name }) => ({
    name: `pinned-${name}`,
    match: [{ headers: { [carrier]: { regex: listWith({ stage, version: name }) } } }],
    route: [to(name)],
  }));
}

/** One route over the subsets of `host`. */
export function weightedRoute(host: string, versions: readonly WeightedVersion[]): NamedRoute {
  const { to } = hostOfVersions(host, versions);
  return { name: "by-weight", route: routedVersions(versions).map(({ name, weight }) => to(name, weight)) };
}
