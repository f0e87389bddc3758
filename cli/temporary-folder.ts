import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `work` in `dir`, or where there is none in a folder that is gone afterwards. */
export async function inFolder<T>(dir: string | undefined, work: (dir: string) => Promise<T>): Promise<T> {
  if (dir !== undefined) return work(dir);
  const temporary = await mkdtemp(join(tmpdir(), "linly-mesh-"));
  try {
    return await work(temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
