/** A service as each cluster has it, by who calls it. */
export interface CrossingService {
  readonly name: string;
  /** Clusters that run pods of it. */
  readonly runsIn: readonly string[];
  /** Clusters in which somebody calls it: its callers' pods, or the ingress gateway. */
  readonly calledIn: readonly string[];
}

/** As much of a cluster as the way to it hangs on. */
export interface NetworkCluster {
  readonly name: string;
  readonly network: string;
}

/** The services that one cluster lets in from other networks: those that run there and are called elsewhere, and no others. */
export function exposedIn(
  cluster: NetworkCluster,
  services: readonly CrossingService[],
  clusters: readonly NetworkCluster[],
): string[] {
  const elsewhere = clusters.filter(({ network }) => network !== cluster.network).map(({ name }) => name);
  return services
    .filter(
      ({ runsIn, calledIn }) => runsIn.includes(cluster.name) && calledIn.some((name) => elsewhere.includes(name)),
    )
    .map(({ name }) => name);
}

/** The services of which callers use pods of other clusters; to every other one a cluster's own pods are all there is. */
export function shared(services: readonly CrossingService[]): string[] {
  return services
    .filter(({ runsIn, calledIn }) => runsIn.some((place) => calledIn.some((caller) => caller !== place)))
    .map(({ name }) => name);
}
