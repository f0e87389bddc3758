import { hasPods } from "./placement.ts";
import { rollingUpdate } from "./rollout.ts";
import type { Stage } from "./stage.ts";

/** What one version of a stage asks of the pool of GPUs. */
export interface GpuDemand {
  readonly stage: string;
  readonly version: string;
  /** The most replicas that it may have. */
  readonly replicas: number;
  /** GPUs of one replica. */
  readonly gpus: number;
  /** Pods that a rollout adds before it takes one away. */
  readonly surge: number;
}

/** What the nodes of a pool have at most. */
export interface GpuPool {
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Pods that take turns on one GPU; each share is asked for as a GPU. */
  readonly sharesPerGpu: number;
}

/** As much of a service as its demand for GPUs hangs on. */
interface Service {
  readonly gpus?: number | undefined;
  readonly versions: readonly {
    readonly name?: string | undefined;
    readonly replicas?: number | undefined;
    readonly autoscaling?: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined;
  }[];
}

/** What each version of a stage asks of the gpu pool: nothing where the stage, or all of its pods, run elsewhere. */
export function demandsOf(stage: Stage, { gpus = stage.gpus, versions }: Service): GpuDemand[] {
  if (stage.pool !== "gpu") return [];
  return versions.filter(hasPods).map(({ name: version = "?", replicas = 1, autoscaling }) => ({
    stage: stage.name,
    version,
    replicas: autoscaling?.max ?? replicas,
    gpus,
    surge: rollingUpdate(stage, autoscaling?.min ?? replicas).maxSurge,
  }));
}

/**
 * Whether all rollouts can go on at once, each with the pods that it adds. Where they can't, or where nobody knows what
 * the pool has, those that add a pod take turns.
 */
export function allSurgesFit(demands: readonly GpuDemand[], pool: GpuPool | undefined): boolean {
  if (pool === undefined) return false;
  const asked = demands.reduce((sum, { replicas, surge, gpus }) => sum + (replicas + surge) * gpus, 0);
  return asked <= pool.nodes * pool.gpusPerNode * pool.sharesPerGpu;
}

/**
 * GPUs that all versions need at once: for the most replicas of each, and for the largest pod that a rollout adds. One
 * such pod is enough: rollouts that wait for a GPU take turns, since each frees what it took.
 */
export function gpusAsked(demands: readonly GpuDemand[]): number {
  const running = demands.reduce((sum, { replicas, gpus }) => sum + replicas * gpus, 0);
  return running + (largestSurge(demands)?.gpus ?? 0);
}

/** Why a pool cannot hold what is asked of it; undefined when it can. */
export function shortfall(demands: readonly GpuDemand[], pool: GpuPool): string | undefined {
  const { nodes, gpusPerNode, sharesPerGpu } = pool;
  const asked = gpusAsked(demands);
  const there = nodes * gpusPerNode * sharesPerGpu;
  if (asked <= there) return undefined;
  const shares = demands.map(({ stage, version, replicas, gpus }) => `${stage} ${version} ${replicas}×${gpus}`);
  const surge = largestSurge(demands);
  if (surge !== undefined) shares.push(`while ${surge.stage} ${surge.version} is replaced ${surge.gpus}`);
  return `asked ${counted(asked, "GPU")} (${shares.join(", ")}), there ${there} (${counted(nodes, "node")} × ${gpusPerNode}${sharesPerGpu > 1 ? `, each shared by ${sharesPerGpu}` : ""})`;
}

/** The versions one of whose replicas asks for more GPUs than a node has: no number of nodes could hold it. */
export function tooLargeForANode(demands: readonly GpuDemand[], { gpusPerNode, sharesPerGpu }: GpuPool): GpuDemand[] {
  return demands.filter(({ gpus }) => gpus > gpusPerNode * sharesPerGpu);
}

function largestSurge(demands: readonly GpuDemand[]): GpuDemand | undefined {
  const surging = demands.filter(({ surge, gpus }) => surge > 0 && gpus > 0);
  return surging.reduce<GpuDemand | undefined>(
    (largest, demand) => (largest === undefined || demand.gpus > largest.gpus ? demand : largest),
    undefined,
  );
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
