import type { StageName } from "./catalogue.ts";
import type { EngineName, RealEngineName } from "./engines/index.ts";
import { edgesOf, entryStage, hopsOf, stagesOf, type Edge, type Pipeline } from "./pipeline.ts";
import { limitsOf, limitsOfCallers, type GivenLimits } from "./limits.ts";
import { standing, type StandingStage } from "./standing.ts";
import { streamLimitsOf, type GivenStreamLimits } from "./stream-limits.ts";

/** A stage with what a stack says of it, and the stages it calls. */
export interface PlannedService<Service> {
  readonly stage: StandingStage;
  readonly service: Service;
  readonly hops: readonly StandingStage[];
  /** Whether users reach it through the ingress gateway. */
  readonly entry: boolean;
}

export interface PipelinePlan<Service> {
  readonly services: readonly PlannedService<Service>[];
  readonly edges: readonly Edge[];
}

/** The part of a service that says what stands in its stage, and how long that may take. */
export interface EngineChoice {
  readonly engine?: EngineName | undefined;
  readonly simulates?: RealEngineName | undefined;
  readonly timeouts?: GivenLimits | undefined;
  readonly streams?: GivenStreamLimits | undefined;
}

/** The part of a stack file that says which stages run and in which order. */
export interface PipelineConfig<Service> {
  readonly mode: Pipeline["mode"];
  readonly pipeline: readonly StageName[];
  readonly entry?: StageName | undefined;
  readonly services: Partial<Record<StageName, Service>>;
}

/**
 * Which stages run, who calls whom, and where users enter.
 *
 * @throws RangeError for a configuration that the schema would have refused
 */
export function planPipeline<Service extends EngineChoice>(config: PipelineConfig<Service>): PipelinePlan<Service> {
  const pipeline = pipelineOf(config);
  const edges = edgesOf(pipeline);
  const limited = (name: StageName): StandingStage => {
    const { engine, simulates } = config.services[name] ?? {};
    const stage = standing(name, engine, simulates);
    const called = hopsOf(pipeline, name).map(limited);
    const { timeouts, streams } = config.services[name] ?? {};
    const limits = limitsOf(
      stage.engine,
      timeouts,
      called.map((hop) => hop.limits),
      limitsOfCallers(name, edges, (caller) => config.services[caller]?.timeouts),
    );
    return { ...stage, limits, streams: streamLimitsOf(limits, streams, called) };
  };
  const services = stagesOf(pipeline).map((name) => {
    const service = config.services[name];
    if (service === undefined) throw new RangeError(`services.${name} is missing; the pipeline has this stage`);
    return {
      stage: limited(name),
      service,
      hops: hopsOf(pipeline, name).map(limited),
      entry: name === entryStage(pipeline),
    };
  });
  return { services, edges };
}

function pipelineOf<Service>({ mode, entry, pipeline }: PipelineConfig<Service>): Pipeline {
  if (mode === "chain") return { mode, order: pipeline };
  if (entry === undefined) throw new RangeError('entry is missing; mode "orchestrated" needs it');
  return { mode, entry, order: pipeline };
}
