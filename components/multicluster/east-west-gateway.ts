import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { gatewayAddress } from "../istio/gateway-address.ts";
import { istioRelease, type Istio } from "../istio/istio.ts";
import { eastWestLabels, eastWestName, eastWestNamespace, type IstioArgs } from "../istio/values.ts";
import type { NamedPolicy } from "../security/network-policies.ts";
import { makeNetworkPolicies } from "../security/network-policy-objects.ts";

export interface EastWestGatewayArgs extends IstioArgs {
  readonly networkPolicies: readonly NamedPolicy[];
  /** What must be there before its pods, beside Istio in their own cluster. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The Envoy by which other clusters come in, with a load balancer's address, in a namespace of its own. It passes TLS through
 * unread: by the name that a caller asks for it finds the service, and who may call is the service's to say.
 */
export class EastWestGateway extends pulumi.ComponentResource {
  readonly namespace: k8s.core.v1.Namespace;
  readonly release: k8s.helm.v3.Release;
  /** Where other clusters reach it: an IP address or a host name. */
  readonly address: pulumi.Output<string>;

  constructor(cluster: Cluster, args: EastWestGatewayArgs, istio: Istio, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:multicluster:EastWestGateway", cluster.config.name, {}, opts);
    // What leads to a network is told by this label, on the gateway's Service too, which its chart sets.
    const labels = { "topology.istio.io/network": cluster.config.network };
    this.namespace = cluster.namespace(eastWestNamespace, { podSecurity: "restricted", injected: true, labels }, this);
    const networkPolicies = makeNetworkPolicies(cluster, args.networkPolicies, {
      parent: this,
      dependsOn: [this.namespace],
    });
    this.release = istioRelease(cluster, args, "eastWestGateway", this.namespace, {
      parent: this,
      dependsOn: [istio.istiod, istio.cni, ...networkPolicies, ...args.after],
    });
    const { address } = cluster.config.eastWestGateway;
    this.address =
      address === undefined ? gatewayAddress(cluster, eastWestName, this.release, this) : pulumi.output(address);
    this.registerOutputs({ address: this.address });
  }
}

/** Labels by which a Gateway selects the pods of one network's gateway: one control plane may have those of several. */
export function selectorOf(network: string): Record<string, string> {
  return { ...eastWestLabels, "topology.istio.io/network": network };
}
