import type { VersionConfig } from "../../config/schema.ts";
import { workRoute } from "../../services/engine.ts";
import type { StandingStage } from "../../services/standing.ts";
import { hostOf } from "./workload.ts";

export interface EnvVar {
  name: string;
  value: string;
}

/**
 * What a stage needs to know of the stages it calls: `NEXT_HOPS` for those that read a list, and the
 * `<prefix>_SERVICE_HOST` and `<prefix>_SERVICE_PORT` that upstream's clients read.
 */
export function hopEnv(hops: readonly StandingStage[], namespace: string): EnvVar[] {
  const nextHops = hops.map((hop) => {
    const { path, method } = workRoute(hop.engine);
    return { name: hop.name, url: `http://${hostOf(hop, namespace)}:${hop.engine.port}${path}`, method };
  });
  return [
    { name: "NEXT_HOPS", value: JSON.stringify(nextHops) },
    ...hops.flatMap((hop) => [
      { name: `${hop.clientEnvPrefix}_SERVICE_HOST`, value: hostOf(hop, namespace) },
      { name: `${hop.clientEnvPrefix}_SERVICE_PORT`, value: String(hop.engine.port) },
    ]),
  ];
}

/**
 * What the engine needs, also to take its model from a volume; then what the pod is told of itself, then what the stack
 * file adds. A name given twice keeps the later value.
 */
export function versionEnv({ name, engine }: StandingStage, version: VersionConfig, mountsModel: boolean): EnvVar[] {
  const own = { STAGE: name, VERSION: version.name, PORT: String(engine.port) };
  const modelEnv = mountsModel ? engine.model?.env : {};
  return Object.entries({ ...engine.env, ...modelEnv, ...own, ...version.env }).map(([name, value]) => ({
    name,
    value,
  }));
}

/** The engine's arguments, also those by which it takes its model from a volume, then the stack file's. */
export function versionArgs({ engine }: StandingStage, version: VersionConfig, mountsModel: boolean): string[] {
  return [...(mountsModel ? (engine.model?.args ?? []) : []), ...engine.args, ...version.args];
}

/** Where the pod runs, from the downward API: a stage names itself in its logs and answers. */
export const downwardEnv = [
  { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
];

/** Environment variables by name, the later of two winning. */
export function mergeEnv(...lists: readonly (readonly EnvVar[])[]): EnvVar[] {
  return [...new Map(lists.flat().map((variable) => [variable.name, variable])).values()];
}
