import type { KubernetesObject, V1ClusterRole, V1ClusterRoleBinding } from "@kubernetes/client-node";

/** As whom the enforcer of NetworkPolicies speaks to the API server; also the name of its kubeconfig. */
export const networkPoliciesUser = "network-policies";

/** What the enforcer may read: the policies, and where the pods are that they speak of. */
export function networkPoliciesObjects(): KubernetesObject[] {
  const metadata = { name: "lab:network-policies" };
  const role: V1ClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata,
    rules: [
      { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"] },
    ],
  };
  const binding: V1ClusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
    subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: networkPoliciesUser }],
  };
  return [role, binding];
}
