import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { VersionConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { meshHost } from "../istio/mesh-host.ts";
import { istioObject, type HttpRoute } from "../istio/objects.ts";
import type { AiService } from "../service/ai-service.ts";
import { hostOf } from "../service/workload.ts";
import { routedVersions, type WeightedVersion } from "./weights.ts";

export interface CanaryArgs {
  readonly service: AiService;
  readonly versions: readonly VersionConfig[];
  readonly namespace: string;
}

/**
 * Splits a service's requests over its versions. The route waits for the versions that it names and for no other, so
 * that traffic can leave a version that does not come up.
 */
export class Canary extends pulumi.ComponentResource {
  readonly route: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: CanaryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { service, versions, namespace } = args;
    super("linly-mesh:traffic:Canary", `${cluster.config.name}-${service.name}`, {}, opts);
    const host = hostOf(service.stage, namespace);
    this.route = istioObject(
      "VirtualService",
      `${cluster.config.name}-${service.name}`,
      { name: service.name, namespace },
      { hosts: [host], http: [weightedRoute(host, versions)] },
      { parent: this, provider: cluster.provider, dependsOn: routeNeeds(service, versions) },
    );
    this.registerOutputs({ weights: versions.map(({ name, weight }) => ({ name, weight })) });
  }
}

/** What must be there before a route over these versions: the Service, and the pods of each version that it names. */
export function routeNeeds(service: AiService, versions: readonly WeightedVersion[]): pulumi.Resource[] {
  const named = new Set(routedVersions(versions).map(({ name }) => name));
  return [
    service.service,
    ...service.versions.filter(({ name }) => named.has(name)).map(({ deployment }) => deployment),
  ];
}

/** One route over the subsets of `host`. */
export function weightedRoute(host: string, versions: readonly WeightedVersion[]): HttpRoute {
  const { to } = meshHost(
    host,
    versions.map(({ name }) => name),
  );
  return { name: "by-weight", route: routedVersions(versions).map(({ name, weight }) => to(name, weight)) };
}
