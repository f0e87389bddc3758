/** How the clusters of a mesh share control planes, and how they reach each other. */

/**
 * - `single`: one cluster.
 * - `multi-primary`: a control plane in every cluster; each watches all the others.
 * - `primary-remote`: control planes in some; the proxies of a remote cluster are served by a primary elsewhere.
 */
export const topologies = ["single", "multi-primary", "primary-remote"] as const;
export type Topology = (typeof topologies)[number];

export type Role = "primary" | "remote";

/** As much of a cluster as its place in the mesh hangs on. */
export interface TopologyCluster {
  readonly name: string;
  /** Default: primary. */
  readonly role?: Role | undefined;
  /** Of a remote: the cluster whose control plane serves it. Default: the only primary. */
  readonly primary?: string | undefined;
  readonly network: string;
}

/** What one cluster gets. */
export interface PlannedCluster<Cluster extends TopologyCluster = TopologyCluster> {
  readonly cluster: Cluster;
  readonly role: Role;
  /** The cluster whose control plane serves its proxies, and which holds their Istio resources: its own name for a primary. */
  readonly controlPlane: string;
  /** The clusters whose proxies its control plane serves, itself among them; none for a remote. */
  readonly serves: readonly string[];
  /** The clusters whose API servers its control plane watches: for each it needs a remote secret. */
  readonly watches: readonly string[];
  /** Whether istiod is reached from outside, by remotes. */
  readonly exposesIstiod: boolean;
  /** Whether it has a gateway for what comes from other clusters. */
  readonly eastWestGateway: boolean;
  /** Whether the mesh's root certificate is made here. */
  readonly holdsRoot: boolean;
}

export interface TopologyPlan<Cluster extends TopologyCluster = TopologyCluster> {
  readonly topology: Topology;
  /** In the order in which they can be built: each after the one that serves it. */
  readonly clusters: readonly PlannedCluster<Cluster>[];
  /** Whether pods of different clusters may be out of each other's reach. */
  readonly multiNetwork: boolean;
}

/**
 * The place of each cluster in the mesh.
 *
 * @throws RangeError for clusters that make no mesh, which the checks of a stack file have told before
 */
export function planTopology<Cluster extends TopologyCluster>(
  topology: Topology,
  clusters: readonly Cluster[],
): TopologyPlan<Cluster> {
  const primaries = clusters.filter((cluster) => !isRemote(cluster));
  const [first] = primaries;
  if (first === undefined) throw new RangeError("a mesh has at least one primary cluster");
  const networks = new Set(clusters.map(({ network }) => network));
  const multiNetwork = networks.size > 1;
  const planned = clusters.map((cluster): PlannedCluster<Cluster> => {
    const controlPlane = isRemote(cluster) ? primaryOf(cluster, primaries) : cluster.name;
    const served = isRemote(cluster)
      ? []
      : clusters.filter((other) => other.name === cluster.name || isServedBy(other, cluster, primaries));
    const exposesIstiod = served.length > 1;
    return {
      cluster,
      role: cluster.role ?? "primary",
      controlPlane,
      serves: served.map(({ name }) => name),
      watches: isRemote(cluster) ? [] : clusters.map(({ name }) => name).filter((name) => name !== cluster.name),
      exposesIstiod,
      eastWestGateway: multiNetwork || exposesIstiod,
      holdsRoot: cluster.name === first.name,
    };
  });
  const inOrder = [
    ...planned.filter(({ role }) => role === "primary"),
    ...planned.filter(({ role }) => role === "remote"),
  ];
  return { topology, clusters: inOrder, multiNetwork };
}

export function isRemote({ role }: { readonly role?: string | undefined }): boolean {
  return role === "remote";
}

function isServedBy(
  cluster: TopologyCluster,
  primary: TopologyCluster,
  primaries: readonly TopologyCluster[],
): boolean {
  return isRemote(cluster) && primaryOf(cluster, primaries) === primary.name;
}

function primaryOf({ name, primary }: TopologyCluster, primaries: readonly TopologyCluster[]): string {
  const [only, ...others] = primaries;
  const chosen = primary ?? (others.length === 0 ? only?.name : undefined);
  if (primaries.some((candidate) => candidate.name === chosen) && chosen !== undefined) return chosen;
  throw new RangeError(`${name} is remote and names none of the primaries ${primaries.map((p) => p.name).join(", ")}`);
}
