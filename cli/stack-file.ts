import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { ConfigError, type Fault } from "../config/faults.ts";
import { suggestion } from "../config/nearest.ts";
import { checkMesh } from "../config/parse.ts";
import type { MeshConfig } from "../config/schema.ts";
import { projectName } from "./project.ts";

/** A stack file, read and checked. */
export interface StackFile {
  readonly stack: string;
  /** Path relative to the project. */
  readonly path: string;
  readonly mesh: MeshConfig;
  /** Configuration as the program gets it: `project:key` → string, structures as JSON. */
  readonly config: Record<string, string>;
}

const meshKey = `${projectName}:mesh`;

/**
 * Reads `stacks/Pulumi.<stack>.yaml`.
 *
 * @throws ConfigError naming every fault of the file, or the stacks there are when there is no such file
 */
export function readStackFile(projectDir: string, stack: string): StackFile {
  const path = join("stacks", `Pulumi.${stack}.yaml`);
  if (!existsSync(join(projectDir, path))) {
    throw new ConfigError(path, [{ path: "", message: `does not exist: ${suggestion(stack, stacksOf(projectDir))}` }]);
  }
  const raw = readYaml(readFileSync(join(projectDir, path), "utf8"), path);
  const values = z.object({ config: z.record(z.string(), z.unknown()) }).safeParse(raw);
  if (!values.success)
    throw new ConfigError(path, [{ path: "config", message: "is missing; it holds linly-mesh:mesh" }]);
  const { config } = values.data;
  const strays = strayKeys(Object.keys(config));
  const mesh = meshWith(strays, config[meshKey], path);
  return { stack, path, mesh, config: Object.fromEntries(Object.entries(config).map(([k, v]) => [k, asString(v)])) };
}

/** The stacks that have a file, by name. */
export function stacksOf(projectDir: string): string[] {
  return readdirSync(join(projectDir, "stacks"))
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

function meshWith(strays: readonly Fault[], raw: unknown, path: string): MeshConfig {
  if (raw === undefined) {
    throw new ConfigError(path, [...strays, { path: meshKey, message: "is missing; it holds the whole mesh" }]);
  }
  const mesh = checkMesh(raw);
  const faults = [...strays, ...mesh.faults];
  if (mesh.config === undefined || faults.length > 0) throw new ConfigError(path, faults);
  return mesh.config;
}

function strayKeys(keys: readonly string[]): Fault[] {
  return keys
    .filter((key) => key.startsWith(`${projectName}:`) && key !== meshKey)
    .map((key) => ({ path: key, message: `unknown key: ${suggestion(key, [meshKey])}` }));
}

function readYaml(text: string, path: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length === 0) return document.toJS();
  throw new ConfigError(
    path,
    document.errors.map(({ pos, message }) => ({ path: `line ${lines.linePos(pos[0]).line}`, message })),
  );
}

function asString(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
