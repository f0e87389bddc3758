import { demandsOf, shortfall, tooLargeForANode } from "../../services/capacity.ts";
import { isStageName, stageOf } from "../../services/catalogue.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { placed } from "./placed.ts";

/** A gpu pool whose declared capacity, which each cluster has, is half told, or less than the stages ask for in one. */
export function capacityFaults(mesh: LenientMesh): Fault[] {
  const { nodes, gpusPerNode } = mesh.pools.gpu;
  if (nodes === undefined && gpusPerNode === undefined) return [];
  if (nodes === undefined) return [halfTold("nodes", "gpusPerNode")];
  if (gpusPerNode === undefined) return [halfTold("gpusPerNode", "nodes")];
  const shared = sharesOf(mesh);
  const pool = { nodes, gpusPerNode, sharesPerGpu: shared };
  const demanded = placed(mesh).map(({ cluster, services }) => ({
    cluster,
    demands: Object.entries(services).flatMap(([name, service]) =>
      isStageName(name) ? demandsOf(stageOf(name), service) : [],
    ),
  }));
  const tooLarge = demanded.flatMap(({ demands }) => tooLargeForANode(demands, pool));
  const stages = [...new Map(tooLarge.map(({ stage, gpus }) => [stage, gpus]))];
  const faults: Fault[] = stages.map(([stage, gpus]) => ({
    path: `services.${stage}.gpus`,
    message: `${gpus} for one replica; a node of the gpu pool has ${gpusPerNode * shared}`,
  }));
  const lacking = demanded.flatMap(({ cluster, demands }) => {
    const found = shortfall(demands, pool);
    if (found === undefined) return [];
    return [{ path: "pools.gpu", message: mesh.clusters.length > 1 ? `in ${cluster.name}: ${found}` : found }];
  });
  return [...faults, ...lacking];
}

/** How many pods share a GPU, where the device plugin makes them take turns, this program's or the cluster's own. */
function sharesOf({ addons: { gpuDevicePlugin } }: LenientMesh): number {
  return gpuDevicePlugin.timeSlicing?.replicas ?? 1;
}

function halfTold(missing: string, given: string): Fault {
  return { path: `pools.gpu.${missing}`, message: `is missing; with ${given} it tells what the pool has` };
}
