import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { ingressName, ingressSelector, type IstioArgs } from "./values.ts";
import { istioRelease, type Istio } from "./istio.ts";

/** The Envoy at the edge of the mesh, with a load balancer's address, in a namespace of its own. */
export class IngressGateway extends pulumi.ComponentResource {
  /** Labels by which an Istio `Gateway` selects these pods. */
  static readonly selector = ingressSelector;

  readonly namespace: k8s.core.v1.Namespace;
  readonly release: k8s.helm.v3.Release;
  /** IP address or host name of the load balancer. */
  readonly address: pulumi.Output<string>;

  constructor(cluster: Cluster, args: IstioArgs, istio: Istio, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:istio:IngressGateway", cluster.config.name, {}, opts);
    this.namespace = cluster.namespace(ingressName, { podSecurity: "restricted", injected: true }, this);
    this.release = istioRelease(cluster, args, "gateway", this.namespace, {
      parent: this,
      dependsOn: [istio.istiod, istio.cni],
    });
    const id = pulumi.interpolate`${this.release.status.namespace}/${this.release.status.name}`;
    const service = k8s.core.v1.Service.get(`${cluster.config.name}-${ingressName}`, id, {
      parent: this,
      provider: cluster.provider,
    });
    this.address = service.status.apply(addressOf);
    this.registerOutputs({ address: this.address });
  }
}

/** The first address a load balancer reports; empty while it has none. */
export function addressOf(status: k8s.types.output.core.v1.ServiceStatus): string {
  const first = status.loadBalancer?.ingress?.[0];
  return first?.ip ?? first?.hostname ?? "";
}
