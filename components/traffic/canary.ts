import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { VersionConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject, type HttpRoute } from "../istio/objects.ts";
import type { AiService } from "../service/ai-service.ts";
import { hostOf, versionLabels } from "../service/workload.ts";
import { routedVersions, type WeightedVersion } from "./weights.ts";

export interface CanaryArgs {
  readonly service: AiService;
  readonly versions: readonly VersionConfig[];
  readonly namespace: string;
  /** istiod, which must be there to check what is applied. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Splits a service's requests over its versions.
 *
 * Each version has a DestinationRule of its own, which Istio merges: the rule is there before the route that names its
 * subset, and goes only after the route has let go of it. The route waits for the versions that it names and for no
 * other, so that traffic can leave a version that does not come up.
 */
export class Canary extends pulumi.ComponentResource {
  /** By version name. */
  readonly subsets: ReadonlyMap<string, k8s.apiextensions.CustomResource>;
  readonly route: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: CanaryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { service, versions, namespace, after } = args;
    super("linly-mesh:traffic:Canary", `${cluster.config.name}-${service.name}`, {}, opts);
    const host = hostOf(service.stage, namespace);
    const child = { parent: this, provider: cluster.provider };

    this.subsets = new Map(
      versions.map((version) => {
        const name = `${service.name}-${version.name}`;
        const subset = istioObject(
          "DestinationRule",
          `${cluster.config.name}-${name}`,
          { name, namespace },
          { host, subsets: [{ name: version.name, labels: versionLabels(service.stage, version) }] },
          { ...child, dependsOn: [...after, service.service, service.deployment(version.name)] },
        );
        return [version.name, subset];
      }),
    );
    this.route = istioObject(
      "VirtualService",
      `${cluster.config.name}-${service.name}`,
      { name: service.name, namespace },
      { hosts: [host], http: [weightedRoute(host, versions)] },
      { ...child, dependsOn: this.routedSubsets(versions) },
    );
    this.registerOutputs({ weights: versions.map(({ name, weight }) => ({ name, weight })) });
  }

  /** The subsets that a route over these versions names. */
  routedSubsets(versions: readonly WeightedVersion[]): k8s.apiextensions.CustomResource[] {
    return routedVersions(versions).flatMap(({ name }) => this.subsets.get(name) ?? []);
  }
}

/** One route over the subsets of `host`. */
export function weightedRoute(host: string, versions: readonly WeightedVersion[]): HttpRoute {
  return {
    name: "by-weight",
    route: routedVersions(versions).map(({ name, weight }) => ({ destination: { host, subset: name }, weight })),
  };
}
