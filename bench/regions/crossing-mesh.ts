import type { MeshConfig } from "../../config/schema.ts";
import type { StageName } from "../../services/catalogue.ts";
import { benchMesh } from "../overhead/setups.ts";

/** The mesh with one stage in one cluster alone, so that every request of the other one's users crosses. */
export function withStageOnlyIn(mesh: MeshConfig, stage: StageName, cluster: string): MeshConfig {
  const service = mesh.services[stage];
  if (service === undefined) throw new Error(`no service ${stage}`);
  return { ...mesh, services: { ...mesh.services, [stage]: { ...service, clusters: [cluster] } } };
}

/** The stage that sends, and the two that it sends to: one beside it, one that is elsewhere. */
export const places = { from: "asr", direct: "llm", crossing: "tts" } as const satisfies Record<string, StageName>;

/** Ways to a stage. */
export const crossingWays = ["direct", "crossing"] as const;
export type CrossingWay = (typeof crossingWays)[number];

/**
 * A mesh of stages that take no time, in which one calls two others that differ in nothing but their name and the cluster
 * in which they run.
 */
export function eastWestMesh(mesh: MeshConfig, home: string, away: string): MeshConfig {
  const { from, direct, crossing } = places;
  const stages = benchMesh({ ...mesh, mode: "orchestrated", entry: from, pipeline: [from, direct, crossing] });
  const { [from]: caller, [direct]: beside } = stages.services;
  if (caller === undefined || beside === undefined) throw new Error(`no services ${from} and ${direct}`);
  const services = { [from]: caller, [direct]: beside, [crossing]: beside };
  return withStageOnlyIn(withStageOnlyIn({ ...stages, services }, direct, home), crossing, away);
}
