import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, keep, toolPath, withScratch } from "./cache.ts";
import { command } from "./command.ts";
import { messageOf } from "../errors.ts";
import { ToolError } from "./errors.ts";
import { buildFlags, pinnedVersion, programName, tagFlags } from "./pins.ts";
import type { GoModule, ToolName } from "./pins.ts";

/** Names the modules that share the versions of what they are built from. */
const WORKSPACE = "go.work";

/** A module, and where each of its tools lies once it is built. */
export type GoBuild = {
  readonly module: GoModule;
  readonly folder: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly places: ReadonlyMap<ToolName, string>;
};

export function goBuild(module: GoModule, root: string): GoBuild {
  const folder = join(root, module.folder);
  const version = pinnedVersion(module, root);
  const flags = buildFlags(module, version);
  const shared = modulesOfWorkspace(root);
  const isShared = shared.includes(module.folder);
  // What one of them requires, all are built from.
  const versions = isShared ? [WORKSPACE, ...shared.map((name) => `${name}/go.mod`)] : [`${module.folder}/go.mod`];
  const source = fingerprint(root, [...versions, `${module.folder}/go.sum`, `${module.folder}/**/*.go`], flags);
  const env = { CGO_ENABLED: "0", GOWORK: isShared ? join(root, WORKSPACE) : "off" };
  const places = module.tools.map(({ name }) => [name, toolPath(name, version, source)] as const);
  return { module, folder, flags, env, places: new Map(places) };
}

function modulesOfWorkspace(root: string): string[] {
  const text = readFileSync(join(root, WORKSPACE), "utf8");
  return [...text.matchAll(/^\t\.\/(\S+)$/gm)].flatMap(([, name]) => name ?? []);
}

/** Go decides itself whether it, or a toolchain it can fetch, is new enough for a go.mod. */
export async function requireGo(builds: readonly GoBuild[]): Promise<void> {
  const needed = "Go is needed to build the lab's tools: install it (https://go.dev/dl), and put it on PATH";
  await command("looking for Go", "go", ["version"]).catch((error: unknown) => {
    throw new ToolError(`${needed}\n  ${messageOf(error)}`);
  });
  for (const { folder, module, env } of builds)
    await command(`asking Go for ${module.folder}`, "go", ["list", "-m"], { cwd: folder, env }).catch(
      (error: unknown) => {
        throw new ToolError(`a newer Go is needed to build ${module.folder}\n  ${messageOf(error)}`);
      },
    );
}

/** Fetches the sources that a build needs, and no others of its modules. */
export async function fetchSources({ module, folder, env }: GoBuild): Promise<void> {
  const packages = module.tools.map(({ goPackage }) => goPackage);
  const args = ["list", "-deps", "-f", "", ...tagFlags(module.tags ?? []), ...packages];
  await command(`fetching the sources of ${module.folder}`, "go", args, { cwd: folder, env });
}

/** Builds tools of a module with one command, so that one is linked while the next is compiled. */
export async function build(
  { module, folder, flags, env, places }: GoBuild,
  wanted: ReadonlySet<ToolName>,
): Promise<void> {
  const tools = module.tools.filter(({ name }) => wanted.has(name));
  await withScratch(async (scratch) => {
    const args = ["build", ...flags, "-o", `${scratch}/`, ...tools.map(({ goPackage }) => goPackage)];
    await command(`building ${module.folder}`, "go", args, { cwd: folder, env });
    for (const { name, goPackage } of tools) {
      const place = places.get(name);
      if (place !== undefined) await keep(join(scratch, programName(goPackage, module.folder)), place);
    }
  });
}
