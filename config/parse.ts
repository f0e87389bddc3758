import { z } from "zod";
import { stageNames } from "../services/catalogue.ts";
import { crossFaults } from "./checks/cross.ts";
import { ConfigError, formatPath, type Fault } from "./faults.ts";
import { meshSchema, type MeshConfig } from "./schema.ts";
import { unknownKeys } from "./schema/object.ts";

/** A mesh, or what keeps a configuration from being one. */
export interface CheckedMesh {
  readonly config: MeshConfig | undefined;
  readonly faults: readonly Fault[];
}

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param raw what stands under `linly-mesh:mesh`
 */
export function checkMesh(raw: unknown): CheckedMesh {
  const parsed = meshSchema.safeParse(raw);
  const own = parsed.success ? [] : parsed.error.issues.flatMap((issue) => faultsOf(issue, raw));
  const faults = dedupe([...own, ...crossFaults(raw)]);
  return { config: parsed.success && faults.length === 0 ? parsed.data : undefined, faults };
}

/**
 * The mesh that a stack file describes.
 *
 * @param source the file's name, for the reader of an error
 * @throws ConfigError naming every fault at once
 */
export function parseMesh(raw: unknown, source: string): MeshConfig {
  const { config, faults } = checkMesh(raw);
  if (config === undefined) throw new ConfigError(source, faults);
  return config;
}

function faultsOf(issue: z.core.$ZodIssue, raw: unknown): Fault[] {
  if (issue.code === "unrecognized_keys") {
    // The record of services is the one place where zod words this itself.
    const worded = issue.message.startsWith("is ") ? issue.message : unknownKeys(issue.keys, stageNames);
    const messages = worded.split("\n");
    return issue.keys.map((key, index) => ({ path: formatPath([...issue.path, key]), message: messages[index] ?? "" }));
  }
  const path = formatPath(issue.path);
  if (issue.code === "invalid_key") {
    return issue.issues.map(({ message }) => ({ path, message }));
  }
  const found = issue.path.reduce<unknown>(child, raw);
  if (issue.code === "invalid_union") {
    const within = meantOption(issue.errors, found);
    if (within !== undefined) {
      return within.flatMap((fault) => faultsOf({ ...fault, path: [...issue.path, ...fault.path] }, raw));
    }
  }
  if (found === undefined) return [{ path, message: `is missing; ${expectation(issue)}` }];
  const ownWords = issue.message.startsWith("is ") || issue.message.startsWith("must ");
  if (issue.code === "invalid_type" && !ownWords) {
    return [{ path, message: `${show(found)} is not ${article(issue.expected)}` }];
  }
  return [{ path, message: issue.message.startsWith("is ") ? `${show(found)} ${issue.message}` : issue.message }];
}

/** What is wrong within the one choice that was plainly meant: all of it lies in keys of that choice which are there. */
function meantOption(choices: readonly z.core.$ZodIssue[][], found: unknown): z.core.$ZodIssue[] | undefined {
  const meant = choices.filter((faults) =>
    faults.every(({ path: [key] }) => key !== undefined && child(found, key) !== undefined),
  );
  return meant.length === 1 ? meant[0] : undefined;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("is not ")) return issue.message.replace("is not ", "it must be ");
  return issue.code === "invalid_type" ? `it must be ${article(issue.expected)}` : issue.message;
}

function article(type: string): string {
  const names: Record<string, string> = {
    record: "a mapping",
    object: "a mapping",
    array: "a list",
    int: "a whole number",
  };
  return names[type] ?? `a ${type}`;
}

function child(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === String(key))?.[1];
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function dedupe(faults: readonly Fault[]): Fault[] {
  const paths = new Set<string>();
  return faults.filter(({ path, message }) => {
    const key = `${path} ${message.split(";")[0] ?? ""}`;
    if (paths.has(key)) return false;
    paths.add(key);
    return true;
  });
}
