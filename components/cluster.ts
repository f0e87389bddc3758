import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../config/schema.ts";
import type { PlannedCluster } from "../services/topology.ts";

/** The Pod Security level a namespace enforces. */
export type PodSecurity = "privileged" | "baseline" | "restricted";

export interface NamespaceArgs {
  readonly podSecurity: PodSecurity;
  /** Whether its pods get a sidecar; said of every namespace, so that none is left to a default. */
  readonly injected: boolean;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** One Kubernetes cluster of the mesh: its explicit provider, and the namespaces made there. */
export class Cluster extends pulumi.ComponentResource {
  readonly provider: k8s.Provider;
  /** The cluster's own description from the stack file. */
  readonly config: ClusterConfig;
  /** Its place among the clusters of the mesh. */
  readonly plan: PlannedCluster<ClusterConfig>;

  constructor(plan: PlannedCluster<ClusterConfig>, opts?: pulumi.ComponentResourceOptions) {
    const config = plan.cluster;
    super("linly-mesh:cluster:Cluster", config.name, {}, opts);
    this.config = config;
    this.plan = plan;
    this.provider = new k8s.Provider(
      config.name,
      {
        // Said also where it is the one that kubectl would use, for which "" stands: the SDK would take KUBECONFIG in its place,
        // and the stack's state would hold a path of one machine, where every other looks for it.
        kubeconfig: config.kubeconfig ?? "",
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
  namespace(name: string, args: NamespaceArgs, parent: pulumi.ComponentResource): k8s.core.v1.Namespace {
    const logicalName = `${this.config.name}-${name}`;
    const { annotations } = args;
    const metadata = { name, labels: labelsOf(args), ...(annotations !== undefined && { annotations }) };
    return new k8s.core.v1.Namespace(logicalName, { metadata }, { parent, provider: this.provider });
  }

  /** A namespace that someone else made and keeps, with the labels that it needs. */
  existingNamespace(name: string, args: NamespaceArgs, parent: pulumi.ComponentResource): k8s.core.v1.NamespacePatch {
    const logicalName = `${this.config.name}-${name}`;
    const metadata = { name, labels: labelsOf(args) };
    return new k8s.core.v1.NamespacePatch(logicalName, { metadata }, { parent, provider: this.provider });
  }
}

function labelsOf({ podSecurity, injected, labels = {} }: NamespaceArgs): Record<string, string> {
  return {
    "pod-security.kubernetes.io/enforce": podSecurity,
    "istio-injection": injected ? "enabled" : "disabled",
    ...labels,
  };
}
