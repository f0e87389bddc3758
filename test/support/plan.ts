import type { Json, JsonObject, Plan, Step } from "../../engine/index.ts";

/** The step with this title, e.g. `VirtualService linly/llm-service`. */
export function stepTitled(plan: Plan, title: string): Step {
  const step = plan.steps.find((candidate) => candidate.title === title);
  if (step === undefined)
    throw new Error(`the plan has no ${title}; it has ${plan.steps.map((s) => s.title).join(", ")}`);
  return step;
}

/** The value at a path of nested objects and lists; undefined where there is none. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>((current, key) => {
    if (Array.isArray(current)) return typeof key === "number" ? current[key] : undefined;
    if (typeof current !== "object" || current === null) return undefined;
    return isObject(current) ? current[String(key)] : undefined;
  }, value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The manifests of a kind, in the plan's order. */
export function manifests(plan: Plan, kind: string): JsonObject[] {
  return plan.steps.filter(({ inputs }) => inputs["kind"] === kind).map(({ inputs }) => inputs);
}
