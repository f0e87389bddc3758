import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";

/** IP address or host name of the load balancer of a gateway, known once its release is there. */
export function gatewayAddress(
  cluster: Cluster,
  name: string,
  release: k8s.helm.v3.Release,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const id = pulumi.interpolate`${release.status.namespace}/${release.status.name}`;
  const opts = { parent, provider: cluster.provider };
  const service = k8s.core.v1.Service.get(`${cluster.config.name}-${name}`, id, opts);
  return service.status.apply(addressOf);
}

/** The first address a load balancer reports; empty while it has none. */
export function addressOf(status: k8s.types.output.core.v1.ServiceStatus): string {
  const first = status.loadBalancer?.ingress?.[0];
  return first?.ip ?? first?.hostname ?? "";
}
