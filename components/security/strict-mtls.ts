import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import type { Istio } from "../istio/istio.ts";
import { istioObject } from "../istio/objects.ts";
import { istioNamespace } from "../istio/values.ts";

/** Mutual TLS for every workload of the mesh: a request in plain text is refused. */
export class StrictMtls extends pulumi.ComponentResource {
  readonly policy: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, istio: Istio, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:security:StrictMtls", cluster.config.name, {}, opts);
    // In the root namespace and without a selector, the policy holds for the whole mesh.
    this.policy = istioObject(
      "PeerAuthentication",
      `${cluster.config.name}-strict`,
      { name: "default", namespace: istioNamespace },
      { mtls: { mode: "STRICT" } },
      { parent: this, provider: cluster.provider, dependsOn: [istio.istiod] },
    );
    this.registerOutputs({});
  }
}
