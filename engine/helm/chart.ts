import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { localChart } from "./helm.ts";
import type { ReleaseSpec } from "../program/release-spec.ts";

/** A hash of what the chart is: of every file of a local one, of the reference to any other. */
export async function chartHash(spec: ReleaseSpec, dir: string): Promise<string> {
  const hash = createHash("sha256");
  if (spec.repo !== undefined || spec.chart.startsWith("oci://")) {
    hash.update([spec.repo ?? "", spec.chart, spec.version ?? "latest"].join("|"));
  } else {
    const path = localChart(spec, dir);
    for (const file of await filesUnder(path)) {
      hash.update(`${file}\0`);
      hash.update(await readFile(join(path, file)));
    }
  }
  return hash.digest("hex").slice(0, 32);
}

async function filesUnder(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [""];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}
