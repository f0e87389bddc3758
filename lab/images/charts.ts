import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { command } from "../tools/command.ts";
import { ensureTools } from "../tools/build.ts";
import { CERT_MANAGER_SOURCE, ISTIO_VERSION, pinnedVersion } from "../tools/pins.ts";
import { fromSource } from "../tools/source.ts";

const ISTIO_CHARTS = ["base", "istiod", "cni", "gateway"];
const CERT_MANAGER_CHART = join("deploy", "charts", "cert-manager");

/** Writes the charts of Istio and cert-manager, of the versions that the images are, to `.lab/charts/<chart>`. */
export async function writeCharts(projectDir: string, progress: (line: string) => void): Promise<void> {
  const tools = await ensureTools(progress, ["charts", "cert-manager"]);
  const target = join(projectDir, ".lab", "charts");
  const mark = join(target, ".from");
  const from = `${tools.charts}\n${tools["cert-manager"]}`;
  if (existsSync(mark) && (await readFile(mark, "utf8")) === from) return;
  await rm(target, { recursive: true, force: true });
  await command("writing Istio's charts", tools.charts, [target]);
  for (const chart of ISTIO_CHARTS) await setVersion(join(target, chart, "Chart.yaml"), ISTIO_VERSION);

  const root = join(projectDir, "lab", "tools");
  const certManager = join(target, "cert-manager");
  const chart = await fromSource(tools["cert-manager"], CERT_MANAGER_SOURCE, CERT_MANAGER_CHART, root);
  await cp(chart, certManager, { recursive: true });
  await setVersion(join(certManager, "Chart.yaml"), pinnedVersion(CERT_MANAGER_SOURCE, root));
  await writeFile(mark, from);
}

/** The sources carry placeholders that a release replaces; so does this. */
async function setVersion(file: string, version: string): Promise<void> {
  const placeholder = /^(version|appVersion): .*$/gm;
  const source = await readFile(file, "utf8");
  await writeFile(
    file,
    source.replace(placeholder, (_line, key: string) => `${key}: ${version}`),
  );
}
