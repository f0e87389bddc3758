import { isRemote } from "../../services/topology.ts";
import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";

type Cluster = LenientMesh["clusters"][number];

/** Numbers of clusters and roles that don't fit the topology, and remotes that no control plane could serve. */
export function topologyFaults({ topology, clusters, istio }: LenientMesh): Fault[] {
  if (topology === undefined || clusters.length === 0) return [];
  const remotes = clusters.filter(isRemote);
  const primaries = clusters.filter((cluster) => !isRemote(cluster));
  return [
    ...sizeFaults(topology, clusters),
    ...(topology === "primary-remote"
      ? roleFaults(clusters, remotes, primaries)
      : clusters.flatMap((cluster, index) => (isRemote(cluster) ? [remoteFault(topology, index)] : []))),
    ...clusters.flatMap((cluster, index) => primaryFaults(cluster, index, clusters, primaries)),
    ...rootFaults(istio, primaries),
  ];
}

function sizeFaults(topology: NonNullable<LenientMesh["topology"]>, clusters: readonly Cluster[]): Fault[] {
  const path = "topology";
  if (topology === "single" && clusters.length > 1) {
    const found = `"single" is one cluster, and there are ${clusters.length} (${namesOf(clusters)})`;
    const right = 'set "multi-primary" (a control plane in each) or "primary-remote" (some are served by another)';
    return [{ path, message: `${found}; ${right}` }];
  }
  if (topology !== "single" && clusters.length === 1) {
    const found = `${JSON.stringify(topology)} takes several clusters, and there is one (${namesOf(clusters)})`;
    return [{ path, message: `${found}; name the others, or leave topology out` }];
  }
  return [];
}

function roleFaults(clusters: readonly Cluster[], remotes: readonly Cluster[], primaries: readonly Cluster[]): Fault[] {
  // What is no role has been named by the schema; it may stand for the one that is missing.
  const known = clusters.every(({ role }) => role === undefined || role === "primary" || role === "remote");
  if (!known || clusters.length === 1) return [];
  const path = "topology";
  if (primaries.length === 0) {
    const message = '"primary-remote" has no primary, whose control plane would serve the remotes; make one cluster a';
    return [{ path, message: `${message} primary` }];
  }
  if (remotes.length === 0) {
    const message = '"primary-remote" has no remote; give one cluster role: remote, or set "multi-primary"';
    return [{ path, message }];
  }
  return [];
}

function remoteFault(topology: string, index: number): Fault {
  const message = `"remote" has no place with topology ${JSON.stringify(topology)}, where each cluster has a control plane; set "primary-remote"`;
  return { path: `clusters[${index}].role`, message };
}

/** Whom a remote is served by. */
function primaryFaults(
  cluster: Cluster,
  index: number,
  clusters: readonly Cluster[],
  primaries: readonly Cluster[],
): Fault[] {
  const { primary } = cluster;
  const path = `clusters[${index}].primary`;
  if (!isRemote(cluster)) {
    // What is no role has been named by the schema.
    if (primary === undefined || (cluster.role ?? "primary") !== "primary") return [];
    const message = "has no meaning for a cluster with a control plane of its own; remove it, or set role: remote";
    return [{ path, message }];
  }
  const names = primaries.map(({ name }) => name);
  if (primary === undefined) {
    if (primaries.length < 2) return [];
    return [{ path, message: `is missing; of several primaries it names the one that serves it: ${names.join(", ")}` }];
  }
  if (names.includes(primary)) return [];
  const other = clusters.find(({ name }) => name === primary);
  const found =
    other === undefined
      ? `${JSON.stringify(primary)} is no cluster`
      : `${JSON.stringify(primary)} is remote itself, and has no control plane`;
  return [{ path, message: `${found}: ${suggestion(primary, names)}` }];
}

/** Each istiod that has no CA given makes a root of its own, which the proxies of the others don't trust. */
function rootFaults({ ca = "istiod" }: LenientMesh["istio"], primaries: readonly Cluster[]): Fault[] {
  if (ca !== "istiod" || primaries.length < 2) return [];
  const found = `"istiod" gives each control plane (${namesOf(primaries)}) a root of its own, which the others don't trust`;
  return [{ path: "istio.ca", message: `${found}; set "certManager" (one root) or "existing" (a Secret in each)` }];
}

function namesOf(clusters: readonly Cluster[]): string {
  return clusters.map(({ name }) => name).join(", ");
}
