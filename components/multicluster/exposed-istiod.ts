import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import type { IstioSpecs } from "../istio/generated/kinds.ts";
import { istioPorts } from "../istio/ports.ts";
import { istioObject } from "../istio/objects.ts";
import { eastWestNamespace, istioNamespace } from "../istio/values.ts";
import { selectorOf, type EastWestGateway } from "./east-west-gateway.ts";

/** What remotes ask istiod for, the port at which they come in, and that of its Service. */
const doors = [
  { name: "tls-istiod", port: istioPorts.istiod, servicePort: istioPorts.istiod },
  { name: "tls-webhook", port: istioPorts.webhook, servicePort: 443 },
] as const;

/** TLS is passed through: what remotes see is istiod's own certificate, and what istiod sees is theirs. */
export function istiodGatewaySpec(network: string): IstioSpecs["Gateway"] {
  return {
    selector: selectorOf(network),
    servers: doors.map(({ name, port }) => ({
      port: { name, number: port, protocol: "TLS" },
      tls: { mode: "PASSTHROUGH" },
      hosts: ["*"],
    })),
  };
}

export function istiodRouteSpec(gateway: string): IstioSpecs["VirtualService"] {
  const host = `istiod.${istioNamespace}.svc.cluster.local`;
  return {
    hosts: ["*"],
    gateways: [gateway],
    tls: doors.map(({ port, servicePort }) => ({
      match: [{ port, sniHosts: ["*"] }],
      route: [{ destination: { host, port: { number: servicePort } } }],
    })),
  };
}

/** Lets remote clusters reach this cluster's istiod, through its gateway to them. */
export class ExposedIstiod extends pulumi.ComponentResource {
  readonly route: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, gateway: EastWestGateway, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:multicluster:ExposedIstiod", cluster.config.name, {}, opts);
    const names = { name: "istiod", namespace: eastWestNamespace };
    const logicalName = `${cluster.config.name}-exposed-istiod`;
    const child = { parent: this, provider: cluster.provider };
    const door = istioObject("Gateway", logicalName, names, istiodGatewaySpec(cluster.config.network), {
      ...child,
      dependsOn: [gateway.release],
    });
    this.route = istioObject("VirtualService", logicalName, names, istiodRouteSpec(names.name), {
      ...child,
      dependsOn: [door],
    });
    this.registerOutputs({});
  }
}
