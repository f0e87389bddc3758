import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import type { NamedPolicy } from "../security/network-policies.ts";
import { makeNetworkPolicies } from "../security/network-policy-objects.ts";
import { gatewayLabels, ingressName, type IstioArgs } from "./values.ts";
import { gatewayAddress } from "./gateway-address.ts";
import { istioRelease, type Istio } from "./istio.ts";

export interface IngressGatewayArgs extends IstioArgs {
  /** What the network lets its pods do. */
  readonly networkPolicies: readonly NamedPolicy[];
  /** What must be there before its pods, beside Istio in their own cluster. Default: nothing. */
  readonly after?: readonly pulumi.Resource[];
}

/** The Envoy at the edge of the mesh, with a load balancer's address, in a namespace of its own. */
export class IngressGateway extends pulumi.ComponentResource {
  /** Labels by which an Istio `Gateway` selects these pods. */
  static readonly selector = gatewayLabels;

  readonly namespace: k8s.core.v1.Namespace;
  readonly release: k8s.helm.v3.Release;
  /** IP address or host name of the load balancer. */
  readonly address: pulumi.Output<string>;

  constructor(cluster: Cluster, args: IngressGatewayArgs, istio: Istio, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:istio:IngressGateway", cluster.config.name, {}, opts);
    this.namespace = cluster.namespace(ingressName, { podSecurity: "restricted", injected: true }, this);
    const networkPolicies = makeNetworkPolicies(cluster, args.networkPolicies, {
      parent: this,
      dependsOn: [this.namespace],
    });
    this.release = istioRelease(cluster, args, "gateway", this.namespace, {
      parent: this,
      dependsOn: [istio.istiod, istio.cni, ...networkPolicies, ...(args.after ?? [])],
    });
    this.address = gatewayAddress(cluster, ingressName, this.release, this);
    this.registerOutputs({ address: this.address });
  }
}
