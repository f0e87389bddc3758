import type { RealEngineName } from "./engines/index.ts";

/** What is known of a stage of the pipeline before any stack says how to run it. */

/** The kind of node a stage needs: `gpu` pods ask for at least one GPU, `cpu` pods for none. */
export type Pool = "cpu" | "gpu";

/** A place in the pipeline. What stands there, with its port, routes and probes, is an engine. */
export interface Stage {
  /** The name the pipeline and the stack files use: `llm`. */
  readonly name: string;
  readonly pool: Pool;
  /** GPUs one replica asks for: a whole number, 0 on the cpu pool. */
  readonly gpus: number;
  /** The prefix upstream's clients read the address from, as `<prefix>_SERVICE_HOST` and `<prefix>_SERVICE_PORT`. */
  readonly clientEnvPrefix: string;
  /** The engines that can stand here, besides the simulator; the first one does unless the stack says otherwise. */
  readonly engines: readonly [RealEngineName, ...RealEngineName[]];
}

/** The name of the stage's Service, ServiceAccount and `app` label: `llm-service`. */
export function serviceName(stage: Pick<Stage, "name">): string {
  return `${stage.name}-service`;
}
