import { existsSync } from "node:fs";
import { join } from "node:path";
import { LabError, NoSuchHostError } from "./errors.ts";
import { killHosts } from "./hosts/host.ts";
import { ensureImages } from "./images/images.ts";
import { writeCharts } from "./images/charts.ts";
import { BENCH_RECIPES, RECIPES } from "./images/recipes.ts";
import { leftovers, removeLab } from "./leftovers.ts";
import { ensureLab, inspectLab, plansOf, requireNoOther } from "./lifecycle.ts";
import { exclusively } from "./lock.ts";
import type { LabSpec, LabState } from "./spec.ts";
import { readRecord } from "./state.ts";
import { ensureTools, requireBuilder } from "./tools/build.ts";
import { ensureDebianPackages } from "./tools/packages.ts";
import { BENCH_TOOL_NAMES, TOOL_NAMES } from "./tools/pins.ts";

export { LabError } from "./errors.ts";
export { labsHere, leftovers } from "./leftovers.ts";
export { requireNoOther } from "./lifecycle.ts";

type Progress = (line: string) => void;

/**
 * Brings a lab to the state that the spec describes: at once if it is healthy, by repair if it is damaged, else anew.
 * The kubeconfig and the charts go to `.lab` of the project.
 *
 * @param opts.bench whether it also has what measurements run in it
 */
export async function labUp(
  spec: LabSpec,
  opts: { projectDir: string; progress: Progress; bench?: boolean },
): Promise<LabState> {
  const { projectDir, progress, bench = false } = opts;
  requireMachine();
  await requireNoOther(spec.name);
  await requireBuilder();
  await ensureDebianPackages(progress);
  const tools = await ensureTools(progress, bench ? [...TOOL_NAMES, ...BENCH_TOOL_NAMES] : TOOL_NAMES);
  const recipes = bench ? { ...RECIPES, ...BENCH_RECIPES } : RECIPES;
  const images = await ensureImages(recipes, tools, projectDir, progress);
  await writeCharts(projectDir, progress);
  const kubeconfig = join(projectDir, ".lab", "kubeconfig");
  return await exclusively(`lab up ${spec.name}`, progress, async () => {
    return await ensureLab(spec, { tools, images }, kubeconfig, progress);
  });
}

/** What of the lab is there; undefined when there is no such lab. */
export async function labStatus(name: string): Promise<LabState | undefined> {
  const record = await readRecord(name);
  return record && (await inspectLab(record));
}

/**
 * Takes a cluster away, or one host of it (a node, or `control-plane`), as a region that is lost: all its processes end
 * at once, and nobody is told. The next `labUp` brings it back, with what etcd held; a node comes back as a new machine of
 * its name.
 *
 * @returns the names of the hosts that are stopped now
 * @throws NoSuchHostError when the lab has no such cluster or host, with those that it has
 */
export async function stopHosts(name: string, cluster: string, host?: string): Promise<string[]> {
  requireMachine();
  const record = await readRecord(name);
  if (record === undefined) throw new LabError(`there is no lab "${name}" on this machine`);
  const plans = plansOf(record.spec).map(({ spec, controlPlane, nodes }) => {
    return { cluster: spec.name, hosts: [controlPlane, ...nodes.map((node) => node.host)] };
  });
  const chosen = plans
    .filter((plan) => plan.cluster === cluster)
    .flatMap(({ hosts }) => hosts.filter(({ hostname }) => host === undefined || hostname === host));
  if (chosen.length === 0) {
    const known = plans.flatMap(({ cluster, hosts }) => [cluster, ...hosts.map(({ name }) => name)]);
    const found = host === undefined ? cluster : `${cluster}/${host}`;
    throw new NoSuchHostError(`the lab "${name}" has no "${found}"; it has ${known.join(", ")}`);
  }
  await exclusively(
    `lab stop ${cluster}`,
    () => undefined,
    async () => await killHosts(chosen),
  );
  return chosen.map(({ name }) => name);
}

/** Takes the lab away, also what a crash has left of it, and makes sure that nothing of it remains. */
export async function labDown(name: string, progress: Progress): Promise<void> {
  requireMachine();
  await exclusively(`lab down ${name}`, progress, async () => {
    if ((await leftovers(name)).length === 0) {
      progress(`there is no lab "${name}" on this machine`);
      return;
    }
    await removeLab(name);
    const left = await leftovers(name);
    if (left.length > 0) throw new LabError(`lab down left something behind:\n  ${left.join("\n  ")}`);
    progress(`the lab "${name}" is gone`);
  });
}

function requireMachine(): void {
  const instead = "or use a cluster that you have, by pulumi up, as the README tells";
  if (process.platform !== "linux")
    throw new LabError(`a lab needs Linux, and this is ${process.platform}; ${instead}`);
  if (process.getuid?.() !== 0)
    throw new LabError(`a lab needs root, for namespaces and mounts; run it as root, ${instead}`);
  if (!existsSync("/proc/self/ns/pid") || !existsSync("/sys/fs/cgroup")) {
    throw new LabError(`a lab needs a kernel with namespaces and cgroups mounted at /sys/fs/cgroup; ${instead}`);
  }
}
