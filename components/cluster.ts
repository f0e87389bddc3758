import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../config/schema.ts";

/** The Pod Security level a namespace enforces. */
export type PodSecurity = "privileged" | "baseline" | "restricted";

export interface NamespaceArgs {
  readonly podSecurity: PodSecurity;
  /** Whether its pods get a sidecar; said of every namespace, so that none is left to a default. */
  readonly injected: boolean;
  readonly labels?: Record<string, string>;
}

/** One Kubernetes cluster of the mesh: its explicit provider, and the namespaces made there. */
export class Cluster extends pulumi.ComponentResource {
  readonly provider: k8s.Provider;
  /** The cluster's own description from the stack file. */
  readonly config: ClusterConfig;

  constructor(config: ClusterConfig, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:cluster:Cluster", config.name, {}, opts);
    this.config = config;
    this.provider = new k8s.Provider(
      config.name,
      {
        ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
        ...(config.context !== undefined && { context: config.context }),
        enableServerSideApply: true,
        // A Secret or ConfigMap that changes is changed where it is: the provider would delete it and make it anew, and all
        // that names it with it.
        enableSecretMutable: true,
        enableConfigMapMutable: true,
      },
      { parent: this },
    );
    this.registerOutputs({ name: config.name, network: config.network, region: config.region });
  }

  /** A namespace that enforces a Pod Security level, as a child of the component that asks for it. */
  namespace(
    name: string,
    { podSecurity, injected, labels = {} }: NamespaceArgs,
    parent: pulumi.ComponentResource,
  ): k8s.core.v1.Namespace {
    return new k8s.core.v1.Namespace(
      `${this.config.name}-${name}`,
      {
        metadata: {
          name,
          labels: {
            "pod-security.kubernetes.io/enforce": podSecurity,
            "istio-injection": injected ? "enabled" : "disabled",
            ...labels,
          },
        },
      },
      { parent, provider: this.provider },
    );
  }
}
