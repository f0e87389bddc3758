import type { Json, JsonObject, Step } from "../../engine/index.ts";
import { isObject, sameJson } from "../../engine/json.ts";

/** As much of a plan's step as two plans are compared by. */
export type Planned = Pick<Step, "kind" | "title" | "inputs"> & { readonly cluster?: string | undefined };

/** One value that differs; `undefined` where it isn't there. */
export interface FieldChange {
  /** `spec.template.spec.containers[llm].image`: items of a list go by their names where they have some. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** What another plan asks for that the first did not, each in the order of its plan. */
export interface PlanChanges {
  readonly added: readonly Planned[];
  readonly removed: readonly Planned[];
  readonly changed: readonly { readonly step: Planned; readonly fields: readonly FieldChange[] }[];
  /** How many objects and releases are the same in both. */
  readonly unchanged: number;
}

/** The steps of a plan that are something in a cluster: objects, patches, releases. */
export function inClusters(steps: readonly Planned[]): Planned[] {
  return steps.filter(({ kind }) => kind === "object" || kind === "patch" || kind === "release");
}

export function changesBetween(before: readonly Planned[], after: readonly Planned[]): PlanChanges {
  const [earlier, later] = [byKey(inClusters(before)), byKey(inClusters(after))];
  const both = [...later].flatMap(([key, step]) => {
    const base = earlier.get(key);
    return base === undefined ? [] : [{ step, fields: fieldChanges("", base.inputs, step.inputs) }];
  });
  const changed = both.filter(({ fields }) => fields.length > 0);
  return {
    added: [...later].flatMap(([key, step]) => (earlier.has(key) ? [] : [step])),
    removed: [...earlier].flatMap(([key, step]) => (later.has(key) ? [] : [step])),
    changed,
    unchanged: both.length - changed.length,
  };
}

function byKey(steps: readonly Planned[]): Map<string, Planned> {
  return new Map(steps.map((step) => [`${step.cluster ?? ""} ${step.kind} ${step.title}`, step]));
}

function fieldChanges(path: string, before: Json | undefined, after: Json | undefined): FieldChange[] {
  if (sameJson(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    return members(before, after, (key) => (path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [earlier, later] = [byName(before), byName(after)];
    const named = earlier !== undefined && later !== undefined;
    return members(named ? earlier : byPosition(before), named ? later : byPosition(after), (key) => `${path}[${key}]`);
  }
  return [{ path, before, after }];
}

function members(before: JsonObject, after: JsonObject, pathOf: (key: string) => string): FieldChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => fieldChanges(pathOf(key), before[key], after[key]));
}

function byPosition(items: readonly Json[]): JsonObject {
  return Object.fromEntries(items.map((item, index) => [String(index), item]));
}

/** The items by their names, where each has one of its own: so an item in front of others does not change them all. */
function byName(items: readonly Json[]): JsonObject | undefined {
  const named = new Map<string, Json>();
  for (const item of items) {
    if (!isObject(item) || typeof item["name"] !== "string") return undefined;
    named.set(item["name"], item);
  }
  return named.size === items.length ? Object.fromEntries(named) : undefined;
}
