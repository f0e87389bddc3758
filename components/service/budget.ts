/**
 * The PodDisruptionBudget of a version: one pod at a time may be evicted, and one that is not ready always. A single
 * replica has none: a budget would either allow its eviction, and so mean nothing, or keep its node from being drained.
 *
 * @param replicas the fewest that the version has
 */
export function budgetSpec(labels: Record<string, string>, replicas: number) {
  if (replicas < 2) return undefined;
  return { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: labels } };
}
