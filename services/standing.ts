import { stageOf, type StageName } from "./catalogue.ts";
import type { Engine } from "./engine.ts";
import { engines, type EngineName, type RealEngineName } from "./engines/index.ts";
import { simulated, simulator } from "./engines/simulated.ts";
import { limitsOf, type Limits } from "./limits.ts";
import type { Stage } from "./stage.ts";
import { streamLimitsOf, type StreamLimits } from "./stream-limits.ts";

/** A stage with the engine that stands there. */
export interface StandingStage extends Stage {
  readonly engine: Engine;
  readonly limits: Limits;
  readonly streams: StreamLimits;
}

/** The engines that may stand in a stage, the default one first. */
export function enginesFor(stage: Stage): readonly EngineName[] {
  return [...stage.engines, simulator];
}

/**
 * A stage with the engine of this name, without a name with its default one; its limits are that engine's.
 *
 * @param simulates the engine in whose place the simulator stands, where it does. Default: the stage's default one
 */
export function standing(name: StageName, engine?: EngineName, simulates?: RealEngineName): StandingStage {
  const stage = stageOf(name);
  const [byDefault] = stage.engines;
  const chosen = engine ?? byDefault;
  const standsThere = chosen === simulator ? simulated(engines[simulates ?? byDefault]) : engines[chosen];
  const limits = limitsOf(standsThere);
  return { ...stage, engine: standsThere, limits, streams: streamLimitsOf(limits) };
}
