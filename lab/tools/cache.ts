import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Where tools and images are kept between runs. */
export function cacheRoot(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "linly-mesh");
}

/** Where a tool lies once it is built: what it is built from is part of the path, so nothing there is ever stale. */
export function toolPath(tool: string, version: string, fingerprint: string): string {
  return join(cacheRoot(), "tools", `${tool}-${version}-${fingerprint}`, tool);
}

/** Stands for the content of a folder's files that match, and for what else a build depends on. */
export function fingerprint(folder: string, patterns: string[], rest: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify([process.arch, ...rest]));
  for (const file of globSync(patterns, { cwd: folder }).sort())
    hash.update(`\0${file}\0`).update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 16);
}

/** Gives `make` a folder of its own beside the cache's entries; whatever it leaves there is removed. */
export async function withScratch<T>(make: (folder: string) => Promise<T>): Promise<T> {
  const parent = join(cacheRoot(), "scratch");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, `${process.pid}-`));
  try {
    return await make(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Moves what was made to its place, where it appears whole or not at all. */
export async function keep(made: string, place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  await rename(made, place);
}

/** Removes what runs that were killed left behind. */
export async function removeLeftovers(): Promise<void> {
  const parent = join(cacheRoot(), "scratch");
  if (!existsSync(parent)) return;
  for (const name of await readdir(parent)) {
    const alive = existsSync(`/proc/${name.split("-")[0]}`);
    if (!alive) await rm(join(parent, name), { recursive: true, force: true });
  }
}
