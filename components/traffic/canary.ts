import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import type { TCPRoute } from "../istio/generated/virtual-service.ts";
import { istioObject, type NamedRoute } from "../istio/objects.ts";
import type { AiService } from "../service/ai-service.ts";
import { hostOf } from "../service/workload.ts";
import { callersIn, forCallersIn, ownSplit, type Split } from "./splits.ts";
import { withCopies, type Mirroring } from "./mirror.ts";
import { carrier, listWith } from "./pins.ts";
import { byClass, idempotenceAnnotation, type RequestClass } from "./request-classes.ts";
import { hostOfVersions, routedVersions, type WeightedVersion } from "./weights.ts";

export interface CanaryArgs {
  readonly service: AiService;
  /** The versions that requests may be sent to, as callers choose between them. */
  readonly splits: readonly Split[];
  /** What must be there before the route: see `routeNeeds`. */
  readonly needs: readonly pulumi.Resource[];
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
    const { service, splits, needs, mirroring, classes, pinned, namespace } = args;
    const { versions } = ownSplit(splits);
    super("linly-mesh:traffic:Canary", `${cluster.config.name}-${service.name}`, {}, opts);
    const host = hostOf(service.stage, namespace);
    const byVersion = [
      ...(pinned ? pinnedRoutes(service.stage.name, host, versions) : []),
      ...splits.flatMap((split) => forCallersIn(split.callers, [weightedRoute(host, split.versions)])),
    ];
    const routes = withCopies(byVersion, mirroring);
    this.hosts = [host];
    this.http = classes === undefined ? [] : byClass(routes, classes);
    this.route = istioObject(
      "VirtualService",
      `${cluster.config.name}-${service.name}`,
      { name: service.name, namespace, annotations: classes && idempotenceAnnotation(routes, classes) },
      classes === undefined
        ? { hosts: [host], tcp: splits.map((split) => connectionRoute(host, split)) }
        : { hosts: [host], http: [...this.http] },
      { parent: this, provider: cluster.provider, dependsOn: [...needs] },
    );
    this.registerOutputs({ weights: versions.map(({ name, weight }) => ({ name, weight })) });
  }
}

/**
 * What must be there before a route: the Service, every subset, and the pods of each version that takes a share, wherever
 * they run.
 *
 * @param places the service in the clusters of the control plane
 * @param elsewhere the service in other clusters, which counts for versions that none of `places` runs
 */
export function routeNeeds(
  places: readonly AiService[],
  elsewhere: readonly AiService[],
  splits: readonly Split[],
): pulumi.Resource[] {
  const routed = new Set(splits.flatMap(({ versions }) => routedVersions(versions).map(({ name }) => name)));
  const podsIn = (services: readonly AiService[], version: string) =>
    services.flatMap((service) =>
      service.versions.flatMap((one) => (one.name === version ? (one.deployment ?? []) : [])),
    );
  return [
    ...places.map(({ service }) => service),
    ...places.flatMap(({ versions }) => versions.map(({ rules }) => rules.subset)),
    ...[...routed].flatMap((version) => {
      const near = podsIn(places, version);
      return near.length > 0 ? near : podsIn(elsewhere, version);
    }),
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

/** The same for connections into which nobody looks. */
function connectionRoute(host: string, { callers, versions }: Split): TCPRoute {
  const { route } = weightedRoute(host, versions);
  return { ...(callers !== undefined && { match: [callersIn(callers)] }), route };
}
