import type * as k8s from "@pulumi/kubernetes";

type Rule = k8s.types.input.rbac.v1.PolicyRule;

const see = ["get", "list", "watch"];

/**
 * What the istiod of another cluster watches. It is whole or useless: an istiod that may not list one of these waits for
 * it, and calls the cluster out of sync. Secrets are among them since it serves gateways the certificates that they show.
 */
const watched: readonly Rule[] = [
  { apiGroups: [""], resources: ["pods", "services", "nodes", "namespaces", "secrets", "configmaps"], verbs: see },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: see },
  { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: see },
  { apiGroups: ["networking.istio.io"], resources: ["workloadentries"], verbs: see },
];

/** What it does for a remote: tells proxies apart, gives them the root certificate, and its webhook the same. */
const serving: readonly Rule[] = [
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "update"] },
  { apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: see },
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["mutatingwebhookconfigurations"],
    resourceNames: ["istio-sidecar-injector"],
    verbs: ["update", "patch"],
  },
];

/** The rights of the account by which control planes of other clusters read this one, and serve it where it is remote. */
export function readerRules(role: "primary" | "remote"): Rule[] {
  return role === "remote" ? [...watched, ...serving] : [...watched];
}
