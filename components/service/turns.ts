import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import { allSurgesFit, demandsOf } from "../../services/capacity.ts";
import { hasPods } from "../../services/placement.ts";
import type { PlannedService } from "../../services/plan.ts";
import { rollingUpdate } from "../../services/rollout.ts";
import type { StandingStage } from "../../services/standing.ts";
import { fewestReplicas } from "./replicas.ts";
import { progressDeadlineSeconds } from "./rollout.ts";

/** A rollout that adds a pod on the gpu pool, and how long it may keep the spare GPU. */
export interface GpuTurn {
  readonly stage: string;
  readonly version: string;
  readonly seconds: number;
}

/** The rollouts of an `up` that take turns on the GPUs to spare: none where there are enough for all at once. */
export function gpuTurns(
  { pools: { gpu }, addons: { gpuDevicePlugin } }: Pick<MeshConfig, "pools" | "addons">,
  services: readonly Pick<PlannedService<ServiceConfig>, "stage" | "service">[],
): GpuTurn[] {
  const { nodes, gpusPerNode } = gpu;
  const sharesPerGpu = ("timeSlicing" in gpuDevicePlugin ? gpuDevicePlugin.timeSlicing?.replicas : undefined) ?? 1;
  const pool = nodes === undefined || gpusPerNode === undefined ? undefined : { nodes, gpusPerNode, sharesPerGpu };
  const demands = services.flatMap(({ stage, service }) => demandsOf(stage, service));
  if (allSurgesFit(demands, pool)) return [];
  return services.flatMap(({ stage, service }) => {
    if (stage.pool !== "gpu") return [];
    const surging = service.versions
      .filter(hasPods)
      .filter((version) => rollingUpdate(stage, fewestReplicas(version)).maxSurge > 0);
    return surging.map(({ name }) => ({
      stage: stage.name,
      version: name,
      seconds: progressDeadlineSeconds(stage, service),
    }));
  });
}

/**
 * How long a version's rollout may wait for those of others: for each that adds a pod of its own. A version that first
 * gives up a GPU waits as well, since another's pod may take it. Seconds.
 */
export function waitSeconds(turns: readonly GpuTurn[], { name, pool }: StandingStage, version: string): number {
  if (pool !== "gpu") return 0;
  return turns
    .filter((turn) => turn.stage !== name || turn.version !== version)
    .reduce((sum, { seconds }) => sum + seconds, 0);
}
