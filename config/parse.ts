import { z } from "zod";
import { crossFaults } from "./cross-checks.ts";
import { ConfigError, formatPath, type Fault } from "./faults.ts";
import { meshSchema, type MeshConfig } from "./schema.ts";

/**
 * The mesh that a stack file describes, defaults filled in.
 *
 * @param raw what stands under `linly-mesh:mesh`
 * @param source the file's name, for the reader of an error
 * @throws ConfigError naming every fault at once
 */
export function parseMesh(raw: unknown, source: string): MeshConfig {
  const parsed = meshSchema.safeParse(raw);
  const faults = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => faultOf(issue, raw))),
    ...crossFaults(raw),
  ];
  if (parsed.success && faults.length === 0) return parsed.data;
  throw new ConfigError(source, dedupe(faults));
}

function faultOf(issue: z.core.$ZodIssue, raw: unknown): Fault {
  const path = formatPath(issue.path);
  const found = issue.path.reduce<unknown>(child, raw);
  if (issue.code === "unrecognized_keys") return { path, message: issue.message };
  if (found === undefined) return { path, message: `is missing; ${expectation(issue)}` };
  if (issue.code === "invalid_type") return { path, message: `${show(found)} is not ${article(issue.expected)}` };
  return { path, message: issue.message.startsWith("is ") ? `${show(found)} ${issue.message}` : issue.message };
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `it must be ${article(issue.expected)}`;
  return issue.message.replace(/^is not /, "it must be ");
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
