import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { readerRules } from "./reader-rights.ts";

/** Name of the account, of its role, and the beginning of its tokens'. */
export const readerName = "linly-mesh-reader";

/** The account by which control planes of other clusters read this one. */
export class Reader extends pulumi.ComponentResource {
  /** The account's token and the API server's certificate. Another `readerToken` is another Secret: the old one goes. */
  readonly token: k8s.core.v1.Secret;
  /** What it may do; whoever uses the token comes after it. */
  readonly binding: k8s.rbac.v1.ClusterRoleBinding;

  constructor(cluster: Cluster, namespace: k8s.core.v1.Namespace, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:multicluster:Reader", cluster.config.name, {}, opts);
    const logicalName = `${cluster.config.name}-${readerName}`;
    const child = { parent: this, provider: cluster.provider };
    const inNamespace = namespace.metadata.name;
    const account = new k8s.core.v1.ServiceAccount(
      logicalName,
      { metadata: { name: readerName, namespace: inNamespace }, automountServiceAccountToken: false },
      { ...child, dependsOn: [namespace] },
    );
    const role = new k8s.rbac.v1.ClusterRole(
      logicalName,
      { metadata: { name: readerName }, rules: readerRules(cluster.plan.role) },
      child,
    );
    this.binding = new k8s.rbac.v1.ClusterRoleBinding(
      logicalName,
      {
        metadata: { name: readerName },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: readerName },
        subjects: [{ kind: "ServiceAccount", name: readerName, namespace: inNamespace }],
      },
      { ...child, dependsOn: [role, account] },
    );
    const tokenName = `${readerName}-${cluster.config.readerToken}`;
    this.token = new k8s.core.v1.Secret(
      `${cluster.config.name}-${tokenName}`,
      {
        metadata: {
          name: tokenName,
          namespace: inNamespace,
          annotations: { "kubernetes.io/service-account.name": readerName },
        },
        type: "kubernetes.io/service-account-token",
      },
      { ...child, dependsOn: [account], additionalSecretOutputs: ["data"] },
    );
    this.registerOutputs({});
  }
}
