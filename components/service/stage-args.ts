import type { PoolConfig, ServiceConfig } from "../../config/schema.ts";
import type { StandingStage } from "../../services/standing.ts";

/** A stage, what a stack says of it, and what is around it in its cluster. */
export interface StageArgs {
  readonly stage: StandingStage;
  readonly service: ServiceConfig;
  readonly pool: PoolConfig;
  /** The stages this one calls, in order. */
  readonly hops: readonly StandingStage[];
  readonly namespace: string;
  /** Name of the resource by which a pod asks for a GPU. */
  readonly gpuResource: string;
  /** The one registry of a cluster without internet. */
  readonly registry: string | undefined;
}
