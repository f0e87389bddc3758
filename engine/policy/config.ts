import { EngineFaults } from "../errors.ts";
import { isObject } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";

export const levels = ["advisory", "mandatory", "disabled", "remediate"] as const;
export type Level = (typeof levels)[number];

/** Configuration of a pack as Pulumi's `--policy-pack-config` has it: by policy, its level or an object; `all` sets every level. */
export type PolicyConfig = JsonObject;

/** A policy as its pack describes it. */
export interface DescribedPolicy {
  readonly name: string;
  readonly level: Level;
  /** JSON schemas of its properties. */
  readonly properties: JsonObject;
  readonly required: readonly string[];
}

export interface Configured {
  readonly level: Level;
  readonly properties: JsonObject;
}

/** What each policy is run with: what is given, else the pack's own defaults. */
export function configure(
  pack: string,
  policies: readonly DescribedPolicy[],
  given: PolicyConfig,
): Map<string, Configured> {
  const faults: string[] = [];
  const fault = (text: string) => faults.push(`configuration of policy pack ${pack}: ${text}`);
  const names = policies.map(({ name }) => name);
  for (const name of Object.keys(given).filter((name) => name !== "all" && !names.includes(name))) {
    fault(`${name} is no policy of it; these are ${names.join(", ")}`);
  }

  function levelOf(name: string): Level | undefined {
    const entry = given[name];
    const wanted = isObject(entry) ? entry["enforcementLevel"] : entry;
    const level = levels.find((known) => known === wanted);
    if (wanted !== undefined && level === undefined) {
      fault(`${name} has the level ${JSON.stringify(wanted)}; write one of ${levels.join(", ")}`);
    }
    return level;
  }

  const all = levelOf("all");
  const configured = policies.map((policy): [string, Configured] => {
    const entry = given[policy.name];
    const { enforcementLevel: _, ...own } = isObject(entry) ? entry : {};
    for (const found of faultsOf(policy, own)) fault(`${policy.name}.${found}`);
    return [
      policy.name,
      { level: levelOf(policy.name) ?? all ?? policy.level, properties: { ...defaultsOf(policy), ...own } },
    ];
  });
  if (faults.length > 0) throw new EngineFaults(faults);
  return new Map(configured);
}

function defaultsOf({ properties }: DescribedPolicy): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, schema]) => {
      const value = isObject(schema) ? schema["default"] : undefined;
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** Checked of a schema: that the property is there, its `enum`, and whether a required one is given. */
function faultsOf({ properties, required }: DescribedPolicy, own: JsonObject): string[] {
  const missing = required.filter((key) => own[key] === undefined).map((key) => `${key} is missing`);
  const wrong = Object.entries(own).flatMap(([key, value]) => {
    const schema = properties[key];
    if (schema === undefined) return [`${key} is no property of it`];
    const allowed = isObject(schema) && Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
    return allowed === undefined || allowed.includes(value)
      ? []
      : [`${key} is ${text(value)}; write one of ${allowed.map(text).join(", ")}`];
  });
  return [...missing, ...wrong];
}

function text(value: Json): string {
  return JSON.stringify(value);
}
