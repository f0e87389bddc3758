import { shortfall, tooLargeForANode, type GpuDemand } from "../../services/capacity.ts";
import { isStageName, stageOf } from "../../services/catalogue.ts";
import { rollingUpdate } from "../../services/rollout.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** A gpu pool whose declared capacity is half told, or less than the stages ask for. */
export function capacityFaults(mesh: LenientMesh): Fault[] {
  const { nodes, gpusPerNode } = mesh.pools.gpu;
  if (nodes === undefined && gpusPerNode === undefined) return [];
  if (nodes === undefined) return [halfTold("nodes", "gpusPerNode")];
  if (gpusPerNode === undefined) return [halfTold("gpusPerNode", "nodes")];
  const shared = sharesOf(mesh);
  const pool = { nodes, gpusPerNode, sharesPerGpu: shared };
  const demands = demandsOf(mesh);
  const tooLarge = tooLargeForANode(demands, pool);
  const stages = [...new Map(tooLarge.map(({ stage, gpus }) => [stage, gpus]))];
  const faults: Fault[] = stages.map(([stage, gpus]) => ({
    path: `services.${stage}.gpus`,
    message: `${gpus} for one replica; a node of the gpu pool has ${gpusPerNode * shared}`,
  }));
  const lacking = shortfall(demands, pool);
  return lacking === undefined ? faults : [...faults, { path: "pools.gpu", message: lacking }];
}

/** How many pods share a GPU, where the device plugin makes them take turns, this program's or the cluster's own. */
function sharesOf({ addons: { gpuDevicePlugin } }: LenientMesh): number {
  return gpuDevicePlugin.timeSlicing?.replicas ?? 1;
}

function halfTold(missing: string, given: string): Fault {
  return { path: `pools.gpu.${missing}`, message: `is missing; with ${given} it tells what the pool has` };
}

/** What each version of a GPU stage asks for. */
function demandsOf({ services }: LenientMesh): GpuDemand[] {
  return Object.entries(services).flatMap(([name, { gpus, versions }]) => {
    if (!isStageName(name)) return [];
    const stage = stageOf(name);
    if (stage.pool !== "gpu") return [];
    return versions.map((version) => {
      const replicas = version.replicas ?? 1;
      return {
        stage: name,
        version: version.name ?? "?",
        replicas: version.autoscaling?.max ?? replicas,
        gpus: gpus ?? stage.gpus,
        surge: rollingUpdate(stage, version.autoscaling?.min ?? replicas).maxSurge,
      };
    });
  });
}
