import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exclusively } from "../lock.ts";
import { removeLeftovers } from "./cache.ts";
import { envoyPlace, fetchEnvoy } from "./envoy.ts";
import { build, fetchSources, goBuild, requireGo } from "./go.ts";
import { BENCH_TOOL_NAMES, MODULES, TOOL_NAMES } from "./pins.ts";
import type { ToolName } from "./pins.ts";
import { Row } from "./row.ts";

export type { ToolName } from "./pins.ts";

type Progress = (line: string) => void;
type Places = Record<ToolName, string>;

/** This folder: each module has one in it. */
const ROOT = fileURLToPath(new URL(".", import.meta.url));

/** Builds or fetches what is not in the cache yet, the lab's own tools unless `only` names others; tells where each lies. */
export async function ensureTools(progress: Progress, only: readonly ToolName[] = TOOL_NAMES): Promise<Places> {
  const places = toolPlaces();
  const missing = () => new Set(only.filter((tool) => !existsSync(places[tool])));
  if (missing().size > 0)
    // Another run may have made them by the time the lock is had.
    await exclusively("building tools", progress, async () => await make(missing(), progress), "tools");
  return places;
}

/** Makes sure, before anything is installed, that what is not built yet can be. */
export async function requireBuilder(): Promise<void> {
  const places = toolPlaces();
  const own = new Set<ToolName>(TOOL_NAMES);
  const missing = MODULES.filter((module) =>
    module.tools.some(({ name }) => own.has(name) && !existsSync(places[name])),
  );
  if (missing.length > 0) await requireGo(missing.map((module) => goBuild(module, ROOT)));
}

/** Where a tool lies, if it has been built. */
export async function cachedTool(tool: ToolName): Promise<string | undefined> {
  const place = toolPlaces()[tool];
  return existsSync(place) ? place : undefined;
}

async function make(tools: ReadonlySet<ToolName>, progress: Progress): Promise<void> {
  await removeLeftovers();
  const wanted = MODULES.filter((module) => module.tools.some(({ name }) => tools.has(name)));
  const builds = wanted.map((module) => goBuild(module, ROOT));
  if (builds.length > 0) await requireGo(builds);

  // Envoy and the sources of later builds come over the network while the first builds keep the cores busy.
  const fetched = tools.has("envoy") ? fetchEnvoy(ROOT) : Promise.resolve();
  let sources = Promise.resolve();
  const row = new Row("tools", progress);
  for (const buildOfOne of builds) {
    const { module } = buildOfOne;
    const names = module.tools.map(({ name }) => name).filter((name) => tools.has(name));
    sources = sources.then(() => fetchSources(buildOfOne));
    const ready = sources;
    row.add(names, (module.seconds * names.length) / module.tools.length, async () => {
      await ready;
      await build(buildOfOne, tools);
    });
  }
  if (tools.has("envoy")) row.add(["envoy"], 10, async () => await fetched);
  // A fetch that fails is told by the step that waits for it, not before.
  await Promise.all([row.run(), fetched.catch(() => undefined), sources.catch(() => undefined)]);
}

function toolPlaces(): Places {
  const places: Partial<Places> = { envoy: envoyPlace(ROOT) };
  for (const module of MODULES) for (const [tool, place] of goBuild(module, ROOT).places) places[tool] = place;
  if (!isComplete(places)) throw new Error("a tool is listed in pins.ts, but no module builds it");
  return places;
}

function isComplete(places: Partial<Places>): places is Places {
  return [...TOOL_NAMES, ...BENCH_TOOL_NAMES].every((tool) => places[tool] !== undefined);
}
