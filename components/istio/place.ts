import type { ClusterConfig, IstioConfig } from "../../config/schema.ts";
import type { PlannedCluster, TopologyPlan } from "../../services/topology.ts";
import type { MeshPlace } from "./values.ts";

/** What Istio in a cluster is to know of the others; undefined where the mesh has one cluster. */
export function meshPlace(
  { topology }: Pick<TopologyPlan, "topology">,
  { role, exposesIstiod, holdsRoot }: Pick<PlannedCluster<ClusterConfig>, "role" | "exposesIstiod" | "holdsRoot">,
  { ca }: Pick<IstioConfig, "ca">,
  sharedHosts: readonly string[],
): MeshPlace | undefined {
  if (topology === "single") return undefined;
  const splitCa = ca === "certManager" && role === "primary" && !holdsRoot;
  return { role, exposesIstiod, sharedHosts, splitCa };
}
