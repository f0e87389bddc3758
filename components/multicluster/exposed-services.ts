import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { IstioSpecs } from "../istio/generated/kinds.ts";
import { istioObject } from "../istio/objects.ts";
import { eastWestNamespace } from "../istio/values.ts";
import { istioPorts } from "../istio/ports.ts";
import { selectorOf } from "./east-west-gateway.ts";

/** Lets in what is called by one of these hosts, by the name in its TLS, and nothing else. */
export function exposedSpec(network: string, hosts: readonly string[]): IstioSpecs["Gateway"] {
  return {
    selector: selectorOf(network),
    servers: [
      {
        port: { name: "tls", number: istioPorts.crossNetwork, protocol: "TLS" },
        tls: { mode: "AUTO_PASSTHROUGH" },
        hosts: [...hosts],
      },
    ],
  };
}

export interface ExposedServicesArgs {
  /** The cluster whose services these are: the control plane's own, or a remote of it. */
  readonly of: Pick<ClusterConfig, "name" | "network">;
  readonly hosts: readonly string[];
  readonly after: readonly pulumi.Resource[];
}

/** What of one cluster other networks may call; nothing is made where they call nothing. */
export class ExposedServices extends pulumi.ComponentResource {
  constructor(controlPlane: Cluster, args: ExposedServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    const { of, hosts, after } = args;
    const logicalName = `${of.name}-exposed-services`;
    super("linly-mesh:multicluster:ExposedServices", logicalName, {}, opts);
    if (hosts.length > 0) {
      istioObject(
        "Gateway",
        logicalName,
        { name: `services-${of.name}`, namespace: eastWestNamespace },
        exposedSpec(of.network, hosts),
        { parent: this, provider: controlPlane.provider, dependsOn: [...after] },
      );
    }
    this.registerOutputs({});
  }
}
