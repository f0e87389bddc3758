import { EngineError } from "../errors.ts";
import { at, isObject } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";

/** Steps of a property path as Pulumi writes it: `spec.replicas`, `spec.containers[0].image`, `metadata.labels["a.b"]`. */
export function stepsOf(path: string): (string | number)[] {
  const steps = [...path.matchAll(/\.?([^.[\]"*]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/gy)];
  if (steps.length === 0 || steps.map(([all]) => all).join("").length !== path.length) {
    throw new EngineError(`property path "${path}" is not implemented`);
  }
  return steps.map(([, name, index, quoted]) => (index === undefined ? (name ?? quoted ?? "") : Number(index)));
}

/** `desired` with the value that `live` has at each path, or without any where it has none or it is not `ours`. */
export function keepLive(
  desired: JsonObject,
  live: Json,
  paths: readonly string[],
  ours: (steps: readonly (string | number)[]) => boolean,
): JsonObject {
  const kept = structuredClone(desired);
  for (const path of paths) {
    const steps = stepsOf(path);
    set(kept, steps, ours(steps) ? at(live, ...steps) : undefined);
  }
  return kept;
}

function set(target: JsonObject, steps: (string | number)[], value: Json | undefined): void {
  const last = steps.at(-1);
  const holder = at(target, ...steps.slice(0, -1));
  if (Array.isArray(holder) && typeof last === "number" && value !== undefined) holder[last] = value;
  if (!isObject(holder) || typeof last !== "string") return;
  if (value === undefined) delete holder[last];
  else holder[last] = value;
}
