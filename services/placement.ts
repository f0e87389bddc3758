/** Where services run: the same stack as each of its clusters has it. */

/** What a version is in one cluster, where it differs from what it is elsewhere. */
export interface VersionPlacement<Autoscaling = unknown> {
  readonly weight?: number | undefined;
  /** 0: none of its pods run there. */
  readonly replicas?: number | undefined;
  readonly autoscaling?: Autoscaling | undefined;
}

export interface PlaceableVersion<Autoscaling = unknown> {
  readonly weight: number;
  readonly replicas?: number | undefined;
  readonly autoscaling?: Autoscaling | undefined;
  readonly clusters: Readonly<Record<string, VersionPlacement<Autoscaling>>>;
}

export interface PlaceableService<Version extends PlaceableVersion = PlaceableVersion> {
  readonly versions: readonly Version[];
  /** The clusters that run it. Default: all. */
  readonly clusters?: readonly string[] | undefined;
}

/** As much of a cluster as it takes to tell what runs in it. */
export interface PlacingCluster {
  readonly name: string;
  /** Whether it runs no stage for a while. */
  readonly drained?: boolean | undefined;
}

/**
 * A service as one cluster has it: the weights by which callers there choose, and its replicas there, 0 where it does not
 * run.
 */
export function placedIn<Version extends PlaceableVersion, Service extends PlaceableService<Version>>(
  service: Service & PlaceableService<Version>,
  { name, drained = false }: PlacingCluster,
): Service {
  const runs = (version: Version) => !drained && standsIn<Version>(service, version, name);
  return { ...service, versions: service.versions.map((version) => versionIn(version, name, runs(version))) };
}

function versionIn<Version extends PlaceableVersion>(version: Version, cluster: string, runs: boolean): Version {
  const { weight = version.weight, replicas, autoscaling } = version.clusters[cluster] ?? {};
  if (!runs) return { ...version, weight, replicas: 0, autoscaling: undefined };
  if (replicas !== undefined) return { ...version, weight, replicas, autoscaling: undefined };
  if (autoscaling !== undefined) return { ...version, weight, autoscaling, replicas: undefined };
  return { ...version, weight };
}

/** Whether pods of a version run, where a service is as one cluster has it. */
export function hasPods({ replicas = 1 }: Pick<PlaceableVersion, "replicas">): boolean {
  return replicas > 0;
}

/** Whether pods of a version run in a cluster while that is not drained. */
export function standsIn<Version extends PlaceableVersion>(
  { clusters }: Pick<PlaceableService<Version>, "clusters">,
  version: Version,
  cluster: string,
): boolean {
  return (clusters?.includes(cluster) ?? true) && version.clusters[cluster]?.replicas !== 0;
}
