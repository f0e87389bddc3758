import { textAt } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { Step } from "./report.ts";

/*
 * The SDK registers resources as their inputs resolve, which varies from run to run. What is shown or written to files is
 * therefore ordered by kind, what others need first, then by namespace, name and URN.
 */
const kinds = (
  "Namespace PriorityClass NetworkPolicy ResourceQuota LimitRange PodDisruptionBudget ServiceAccount Secret ConfigMap " +
  "StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleBinding Role " +
  "RoleBinding Release Service DaemonSet Pod ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob " +
  "IngressClass Ingress APIService"
).split(" ");
/* Kinds of custom resources come after those of Kubernetes itself, webhooks last: they judge all that follows them. */
const webhooks = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const groups: Step["kind"][] = ["stack", "provider", "component", "read"];

export function rankOfKind(kind: string): number {
  const known = kinds.indexOf(kind);
  if (known >= 0) return known;
  return webhooks.includes(kind) ? kinds.length + 1 : kinds.length;
}

export function inStableOrder(steps: readonly Step[]): Step[] {
  return byKey(steps, (step) => {
    const group = groups.indexOf(step.kind);
    if (group >= 0) return [group, "", "", "", step.urn];
    const kind = step.kind === "release" ? "Release" : (textAt(step.inputs, "kind") ?? "");
    return [groups.length + rankOfKind(kind), step.cluster ?? "", kind, step.title, step.urn];
  });
}

export function manifestsInStableOrder(manifests: readonly JsonObject[]): JsonObject[] {
  return byKey(manifests, (manifest) => {
    const kind = textAt(manifest, "kind") ?? "";
    const [namespace, name] = [textAt(manifest, "metadata", "namespace"), textAt(manifest, "metadata", "name")];
    return [rankOfKind(kind), kind, namespace ?? "", name ?? "", JSON.stringify(manifest)];
  });
}

function byKey<T>(items: readonly T[], keyOf: (item: T) => [number, ...string[]]): T[] {
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .sort((left, right) => compare(left.key, right.key))
    .map(({ item }) => item);
}

function compare([leftRank, ...left]: [number, ...string[]], [rightRank, ...right]: [number, ...string[]]): number {
  if (leftRank !== rightRank) return leftRank - rightRank;
  const differs = left.findIndex((part, index) => part !== right[index]);
  if (differs < 0) return 0;
  return (left[differs] ?? "") < (right[differs] ?? "") ? -1 : 1;
}
