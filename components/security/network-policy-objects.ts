import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import type { NamedPolicy } from "./network-policies.ts";

/** Makes NetworkPolicies as children of whoever starts the pods that they are for; those come after. */
export function makeNetworkPolicies(
  cluster: Cluster,
  policies: readonly NamedPolicy[],
  opts: Pick<pulumi.CustomResourceOptions, "parent"> & { readonly dependsOn: pulumi.Resource[] },
): k8s.networking.v1.NetworkPolicy[] {
  return policies.map(
    ({ name, namespace, spec }) =>
      new k8s.networking.v1.NetworkPolicy(
        // Of several namespaces one may have the name of a policy.
        `${cluster.config.name}-${namespace}-${name}`,
        { metadata: { name, namespace }, spec },
        { ...opts, provider: cluster.provider },
      ),
  );
}
