import type { VersionConfig } from "../../config/schema.ts";
import { workRoute } from "../../services/engine.ts";
import type { StandingStage } from "../../services/standing.ts";
import { finishSeconds } from "./drain.ts";
import { hostOf } from "./workload.ts";

export type EnvVar =
  { name: string; value: string } | { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } };

/** The one key of each Secret that holds a text of `linly-mesh:secrets`. */
export const secretKey = "value";

/**
 * What a stage needs to know of the stages it calls: `NEXT_HOPS` for those that read a list, and the
 * `<prefix>_SERVICE_HOST` and `<prefix>_SERVICE_PORT` that upstream's clients read.
 */
export function hopEnv(hops: readonly StandingStage[], namespace: string): EnvVar[] {
  const nextHops = hops.map((hop) => {
    const { port, protocol } = hop.engine;
    const { path, method } = workRoute(hop.engine);
    const url = `http://${hostOf(hop, namespace)}:${port}${path}`;
    return { name: hop.name, url, method, ...(protocol === "grpc" && { protocol }) };
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
  const all: VersionConfig["env"] = { ...engine.env, ...modelEnv, ...own, ...version.env };
  return Object.entries(all).map(([name, value]) =>
    typeof value === "string"
      ? { name, value }
      : { name, valueFrom: { secretKeyRef: { name: value.secret, key: secretKey } } },
  );
}

/**
 * The engine's arguments, also those by which it takes its model from a volume and lets requests end, then the stack
 * file's.
 */
export function versionArgs(stage: StandingStage, version: VersionConfig, mountsModel: boolean): string[] {
  const { args, model, shutdownOption } = stage.engine;
  const shutdown = shutdownOption === undefined ? [] : [shutdownOption, String(finishSeconds(stage))];
  return [...(mountsModel ? (model?.args ?? []) : []), ...args, ...shutdown, ...version.args];
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

/** The secrets that a version's environment refers to, each once. */
export function secretsOf({ env }: Pick<VersionConfig, "env">): string[] {
  return [...new Set(Object.values(env).flatMap((value) => (typeof value === "string" ? [] : [value.secret])))];
}
