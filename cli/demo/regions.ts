import type { Result } from "./load.ts";
import { percentile } from "./statistics.ts";

/** The cluster in which a pod runs, by the pod's name; undefined where nobody knows. */
export type ClusterOf = (pod: string) => string | undefined;

/** Requests of the users of one region, by the cluster at whose ingress they belong. */
export interface UserResults {
  readonly users: string;
  readonly results: readonly Result[];
}

/** Where a pod runs that nobody knows. */
export const unknown = "?";

/** Where a stage of a request was done; undefined where the request did not reach it. */
export function servedBy({ path }: Result, stage: string, clusterOf: ClusterOf): string | undefined {
  const visit = path.find((entry) => entry.stage === stage);
  return visit && (clusterOf(visit.pod) ?? unknown);
}

/** Whether every stage of a request was done in the cluster. */
export function servedWhollyIn(cluster: string, result: Result, clusterOf: ClusterOf): boolean {
  return result.failure === undefined && result.path.every(({ pod }) => clusterOf(pod) === cluster);
}

/** For each stage and the users of each region, the share of their requests that each cluster served. */
export function servedRows(
  of: readonly UserResults[],
  stages: readonly string[],
  clusters: readonly string[],
  clusterOf: ClusterOf,
): string[][] {
  return stages.flatMap((stage) =>
    of.map(({ users, results }) => {
      const places = results.flatMap((result) => servedBy(result, stage, clusterOf) ?? []);
      const share = (cluster: string) => shareOf(places.filter((place) => place === cluster).length, places.length);
      return [stage, users, ...clusters.map(share)];
    }),
  );
}

/** How long whole requests took that did not fail, for the users of each region. */
export function latencyRows(of: readonly UserResults[]): string[][] {
  return of.map(({ users, results }) => {
    const times = results.filter(({ failure }) => failure === undefined).map(({ ms }) => ms);
    return [users, ...[50, 90, 99].map((p) => `${percentile(times, p).toFixed(1)} ms`)];
  });
}

/** `99.5 %` of nothing is a dash. */
export function shareOf(part: number, all: number): string {
  return all === 0 ? "–" : `${((100 * part) / all).toFixed(1)} %`;
}
