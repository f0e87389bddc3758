import { createHash } from "node:crypto";
import { existsSync, globSync, statSync } from "node:fs";
import { readFile, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { exclusively } from "../lock.ts";
import { cacheRoot, keep, withScratch } from "../tools/cache.ts";
import { writeImage } from "./oci.ts";
import type { Recipe, Tools, Write } from "./recipes.ts";

export type Image = {
  /** As a pod names it. */
  readonly name: string;
  /** An OCI archive for `ctr images import`. */
  readonly archive: string;
};

/** How many archives of one image are kept: those of a few branches, say. */
const KEPT = 3;

/** Writes the archives of images that are not in the cache yet. */
export async function ensureImages(
  recipes: Readonly<Record<string, Write>>,
  tools: Tools,
  projectDir: string,
  progress: (line: string) => void,
): Promise<Image[]> {
  return await exclusively("building images", progress, () => make(recipes, tools, projectDir, progress), "images");
}

async function make(
  recipes: Readonly<Record<string, Write>>,
  tools: Tools,
  projectDir: string,
  progress: (line: string) => void,
): Promise<Image[]> {
  const images: Image[] = [];
  for (const [short, write] of Object.entries(recipes)) {
    const name = `localhost/linly-mesh/${short}:lab`;
    const recipe = await write(tools, projectDir);
    const archive = join(cacheRoot(), "images", `${short}-${await keyOf(name, recipe)}.tar`);
    if (!existsSync(archive)) {
      progress(`images ${images.length + 1} of ${Object.keys(recipes).length}: ${short}`);
      await withScratch(async (scratch) => {
        const made = join(scratch, "image.tar");
        await writeImage(made, name, recipe.entries, recipe.start);
        await keep(made, archive);
      });
      await forgetOld(short);
    }
    await utimes(archive, new Date(), new Date());
    images.push({ name, archive });
  }
  return images;
}

/** Stands for all that goes into an image. A tool in the cache is told by its path; other files by their content. */
async function keyOf(name: string, { entries, start }: Recipe): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([name, entries, start]));
  for (const entry of entries)
    if (entry.kind === "copy" && !entry.from.startsWith(cacheRoot())) hash.update(await readFile(entry.from));
  return hash.digest("hex").slice(0, 16);
}

async function forgetOld(short: string): Promise<void> {
  const pattern = `${short}-${"[0-9a-f]".repeat(16)}.tar`;
  const archives = globSync(pattern, { cwd: join(cacheRoot(), "images") }).map((name) =>
    join(cacheRoot(), "images", name),
  );
  const newestFirst = archives.map((path) => ({ path, time: statSync(path).mtimeMs })).sort((a, b) => b.time - a.time);
  for (const { path } of newestFirst.slice(KEPT)) await rm(path, { force: true });
}
