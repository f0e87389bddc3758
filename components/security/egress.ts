import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceConfig } from "../../config/schema.ts";
import type { PlannedService } from "../../services/plan.ts";
import type { Cluster } from "../cluster.ts";
import type { ServiceEntrySpec } from "../istio/generated/service-entry.ts";
import { istioObject } from "../istio/objects.ts";

type Planned = Pick<PlannedService<ServiceConfig>, "stage" | "service">;

/** The port of every host outside: what leaves the mesh is TLS. */
export const egressPort = 443;

/** The hosts outside the cluster that any of the stages may call, each once. */
export function outsideHosts(services: readonly Planned[]): string[] {
  return [...new Set(services.flatMap(({ service }) => service.egress))].sort();
}

/**
 * One host outside, for the sidecars of its namespace. The sidecar reads the name from the TLS greeting and looks up the
 * address itself: an address of the caller's own choice leads nowhere else.
 */
export function outsideHost(host: string): ServiceEntrySpec {
  return {
    hosts: [host],
    exportTo: ["."],
    location: "MESH_EXTERNAL",
    resolution: "DNS",
    ports: [{ number: egressPort, name: "tls", protocol: "TLS" }],
  };
}

/** What engines would call for some of what they can do, and the stack does not let them: a line for each such stage. */
export function heldBack(services: readonly Planned[]): string[] {
  return services.flatMap(({ stage, service }) => {
    const missing = stage.engine.egress.filter((host) => !service.egress.includes(host));
    return missing.length === 0
      ? []
      : [
          `${stage.name}: ${stage.engine.name} calls ${missing.join(", ")} for some of what it can do, and the mesh does not ` +
            `let it; where that is wanted, services.${stage.name}.egress names the host`,
        ];
  });
}

export interface EgressArgs {
  readonly services: readonly Planned[];
  readonly namespace: string;
  readonly after: readonly pulumi.Resource[];
}

/** The hosts outside the cluster that the mesh knows. Which stage may call which of them, its sidecars' scope says. */
export class Egress extends pulumi.ComponentResource {
  /** By host. */
  readonly entries: ReadonlyMap<string, k8s.apiextensions.CustomResource>;

  constructor(cluster: Cluster, { services, namespace, after }: EgressArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:security:Egress", cluster.config.name, {}, opts);
    for (const line of heldBack(services)) void pulumi.log.info(line, this);
    this.entries = new Map(
      outsideHosts(services).map((host) => [
        host,
        istioObject("ServiceEntry", `${cluster.config.name}-${host}`, { name: host, namespace }, outsideHost(host), {
          parent: this,
          provider: cluster.provider,
          dependsOn: [...after],
        }),
      ]),
    );
    this.registerOutputs({});
  }

  /** What comes before the pods of a service: the hosts that it calls. */
  before({ egress }: Pick<ServiceConfig, "egress">): readonly k8s.apiextensions.CustomResource[] {
    return egress.flatMap((host) => this.entries.get(host) ?? []);
  }
}
