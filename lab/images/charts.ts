import { readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { command } from "../tools/command.ts";
import { ensureTools } from "../tools/build.ts";
import { ISTIO_VERSION } from "../tools/pins.ts";

const CHARTS = ["base", "istiod", "cni", "gateway"];

/** Writes Istio's own charts, of the version that the images are, to `.lab/charts/{base,istiod,cni,gateway}`. */
export async function writeCharts(projectDir: string, progress: (line: string) => void): Promise<void> {
  const { charts } = await ensureTools(progress, ["charts"]);
  const target = join(projectDir, ".lab", "charts");
  const mark = join(target, ".from");
  if (existsSync(mark) && (await readFile(mark, "utf8")) === charts) return;
  await rm(target, { recursive: true, force: true });
  await command("writing Istio's charts", charts, [target]);
  for (const chart of CHARTS) await setVersion(join(target, chart, "Chart.yaml"));
  await writeFile(mark, charts);
}

/** The source carries a placeholder that Istio's release replaces; so does this. */
async function setVersion(file: string): Promise<void> {
  const placeholder = /^(version|appVersion): .*$/gm;
  const source = await readFile(file, "utf8");
  await writeFile(
    file,
    source.replace(placeholder, (_line, key: string) => `${key}: ${ISTIO_VERSION}`),
  );
}
