/** Name of the subset in which a version that users reach does offline work: the same replicas, with a limit of its own. */
export function offlineSubset(version: string): string {
  return `${version}-offline`;
}

/**
 * How many offline requests a version may have under way: its share of those of all versions, rounded down, and at least
 * one, so that every version can be given some.
 *
 * @param weight of the version, in percent
 */
export function offlinePlaces(requests: number, weight: number): number {
  return Math.max(1, Math.floor((requests * weight) / 100));
}
