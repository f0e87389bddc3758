import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { keep, withScratch } from "./cache.ts";
import { command } from "./command.ts";
import type { Source } from "./pins.ts";

/**
 * A file or folder of the source that a tool was built from. Go's cache may have lost it by the time it is wanted again,
 * so a copy is kept beside the tool. `root` is the folder of the pinned modules.
 */
export async function fromSource(tool: string, source: Source, path: string, root: string): Promise<string> {
  const kept = join(dirname(tool), "source", basename(path));
  if (existsSync(kept)) return kept;
  const cwd = join(root, source.folder);
  const doing = `fetching the source of ${source.pinned}`;
  await command(doing, "go", ["mod", "download", source.pinned], { cwd });
  const folder = await command(doing, "go", ["list", "-m", "-f", "{{.Dir}}", source.pinned], { cwd });
  await withScratch(async (scratch) => {
    const copy = join(scratch, basename(path));
    await cp(join(folder.trim(), path), copy, { recursive: true });
    await keep(copy, kept);
  });
  return kept;
}
