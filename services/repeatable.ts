import { workRoute, type Engine, type Route } from "./engine.ts";
import type { Stage } from "./stage.ts";

/** A stage with what stands there, and whom it calls. */
export interface Calling {
  readonly stage: Pick<Stage, "name"> & { readonly engine: Engine };
  readonly hops: readonly Pick<Stage, "name">[];
}

/**
 * The routes of a stage that have the same effect when they are sent twice. One whose engine calls further stages repeats
 * their work too: it counts only where the whole way down does.
 */
export function repeatableRoutes(name: string, services: readonly Calling[]): readonly Route[] {
  const calling = services.find(({ stage }) => stage.name === name);
  if (calling === undefined) return [];
  const { stage, hops } = calling;
  const wayDown = !stage.engine.calls || hops.every((hop) => isWorkRepeatable(hop.name, services));
  return wayDown ? stage.engine.routes.filter(({ idempotent }) => idempotent) : [];
}

function isWorkRepeatable(name: string, services: readonly Calling[]): boolean {
  const stage = services.find((service) => service.stage.name === name)?.stage;
  return stage !== undefined && repeatableRoutes(name, services).includes(workRoute(stage.engine));
}
