import type { StageName } from "./catalogue.ts";

/**
 * Who calls whom.
 *
 * - `chain`: each stage calls the next and answers with what it got back.
 * - `orchestrated`: one entry stage calls each of the others in turn; the others call nobody.
 */
export type PipelineMode = { readonly mode: "chain" } | { readonly mode: "orchestrated"; readonly entry: StageName };

export type Pipeline = PipelineMode & { readonly order: readonly StageName[] };

/** A call that the pipeline makes, and so the only kind that the mesh lets through. */
export interface Edge {
  readonly from: StageName;
  readonly to: StageName;
}

/** The stage that users reach through the ingress gateway. */
export function entryStage(pipeline: Pipeline): StageName | undefined {
  return pipeline.mode === "orchestrated" ? pipeline.entry : pipeline.order[0];
}

/** Every stage that runs, the entry first, each once. */
export function stagesOf(pipeline: Pipeline): StageName[] {
  const entry = pipeline.mode === "orchestrated" ? [pipeline.entry] : [];
  return [...new Set([...entry, ...pipeline.order])];
}

/** The calls of the pipeline, in the order in which a request meets them. */
export function edgesOf(pipeline: Pipeline): Edge[] {
  if (pipeline.mode === "orchestrated") {
    return pipeline.order.filter((to) => to !== pipeline.entry).map((to) => ({ from: pipeline.entry, to }));
  }
  return pipeline.order.slice(1).flatMap((to, index) => {
    const from = pipeline.order[index];
    return from === undefined ? [] : [{ from, to }];
  });
}

/** The stages that `from` calls, in order. */
export function hopsOf(pipeline: Pipeline, from: StageName): StageName[] {
  return edgesOf(pipeline).flatMap((edge) => (edge.from === from ? [edge.to] : []));
}
