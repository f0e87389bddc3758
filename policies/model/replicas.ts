import { serviceOf } from "./hosts.ts";
import { selects } from "./labels.ts";
import type { KubernetesObject } from "./object.ts";
import { at, hasUnknown, textAt } from "./values.ts";
import type { Value } from "./values.ts";

const workloads = ["apps/Deployment", "apps/StatefulSet"];
const autoscaler = "autoscaling/HorizontalPodAutoscaler";

/** The kinds that tell how many pods stand behind a host. */
export const replicaKinds = ["Service", ...workloads, autoscaler];

/** Objects by namespace, those in a namespace that is not known yet under undefined. */
export type ByNamespace = ReadonlyMap<string | undefined, readonly KubernetesObject[]>;

/**
 * The smallest number of pods that may stand behind a host, or behind a subset of it with these labels: replicas, or the
 * minimum of the autoscaler that sets them. Undefined where the stack does not tell.
 */
export function smallestReplicas(host: string, subset: Value | undefined, objects: ByNamespace): number | undefined {
  const named = serviceOf(host);
  if (named === undefined || hasUnknown(subset) || objects.has(undefined)) return undefined;
  const near = objects.get(named.namespace) ?? [];
  const service = near.find(({ kind, name }) => kind === "Service" && name === named.name);
  const given: (Value | undefined)[] = [at(service?.spec, "selector"), subset];
  const selectors = given.filter((selector) => selector !== undefined);
  if (selectors.length === 0) return undefined;

  const counts = near
    .filter(({ kind }) => workloads.includes(kind))
    .map((workload) => {
      const labels = at(workload.spec, "template", "metadata", "labels");
      const answers = selectors.map((selector) => selects(selector, labels));
      if (answers.includes(false)) return 0;
      return answers.includes(undefined) ? undefined : replicasOf(workload, near);
    });
  const total = counts.reduce<number | undefined>(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  );
  return total === 0 ? undefined : total;
}

function replicasOf(workload: KubernetesObject, near: readonly KubernetesObject[]): number | undefined {
  const scalers = near.filter(({ kind }) => kind === autoscaler);
  if (workload.name === undefined || scalers.some(({ spec }) => hasUnknown(at(spec, "scaleTargetRef")))) {
    return undefined;
  }
  const scaler = scalers.find(
    ({ spec }) =>
      textAt(spec, "scaleTargetRef", "name") === workload.name &&
      textAt(spec, "scaleTargetRef", "kind") === workload.kind.split("/").at(-1),
  );
  const count = (scaler === undefined ? at(workload.spec, "replicas") : at(scaler.spec, "minReplicas")) ?? 1;
  return typeof count === "number" ? count : undefined;
}
