import type { PoolConfig } from "../../config/schema.ts";

/** Where the pods of a pool may run. */
export function placementOf(pool: PoolConfig) {
  const tolerations = pool.tolerations.map(({ key, value, effect }) => ({
    key,
    ...(value === undefined ? { operator: "Exists" } : { operator: "Equal", value }),
    ...(effect !== undefined && { effect }),
  }));
  return { nodeSelector: pool.nodeSelector, tolerations };
}

/**
 * Spreads the pods of a version over zones and nodes as far as there is room: a lost zone or node takes a part of them.
 * The pods of each rollout are counted by themselves, else those about to end would push their successors together. It
 * is the same for any number of replicas, so that a change of the number replaces no pod.
 */
export function spreadOf(labels: Record<string, string>) {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: labels },
    matchLabelKeys: ["pod-template-hash"],
  }));
}
