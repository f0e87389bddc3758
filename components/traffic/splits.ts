import type { VersionConfig } from "../../config/schema.ts";
import type { NamedRoute } from "../istio/objects.ts";
import { matchingBoth } from "./request-classes.ts";
import type { WeightedVersion } from "./weights.ts";

/** How the callers of one cluster, or all that no other split names, choose between versions. */
export interface Split {
  /** The cluster whose callers these are; undefined for all others. */
  readonly callers: string | undefined;
  /** The versions that requests may be sent to, with the shares that these callers give them. */
  readonly versions: readonly VersionConfig[];
}

/**
 * The splits of one service: one where callers everywhere give the same shares, else one for each cluster, that of the
 * control plane's own last and for everybody whom no other names.
 *
 * @param own as the control plane's own cluster has it
 * @param others as its remotes have it, by their names
 */
export function splitsOf(
  own: readonly VersionConfig[],
  others: readonly { readonly cluster: string; readonly versions: readonly VersionConfig[] }[],
): Split[] {
  const differing = others.filter(({ versions }) => !sameShares(own, versions));
  return [
    ...differing.map(({ cluster, versions }) => ({ callers: cluster, versions })),
    { callers: undefined, versions: own },
  ];
}

/** Whether two lists of the same versions give each the same share. */
export function sameShares(one: readonly WeightedVersion[], other: readonly WeightedVersion[]): boolean {
  return one.every(({ name, weight }) => other.some((version) => version.name === name && version.weight === weight));
}

/** The split that holds for whom no other names. */
export function ownSplit(splits: readonly Split[]): Split {
  const last = splits.at(-1);
  if (last === undefined) throw new RangeError("a service has at least one split");
  return last;
}

/** Proxies of one cluster, as a route's match names them: Istio gives every proxy this label by what it was injected with. */
export function callersIn(cluster: string) {
  return { sourceLabels: { "topology.istio.io/cluster": cluster } };
}

/** Routes that only callers of one cluster take, which stands first in their names: what they match may be told at the end. */
export function forCallersIn(cluster: string | undefined, routes: readonly NamedRoute[]): NamedRoute[] {
  if (cluster === undefined) return [...routes];
  return routes.map((route) => ({
    ...route,
    name: `in-${cluster}-${route.name}`,
    match: matchingBoth([callersIn(cluster)], route.match ?? []),
  }));
}
