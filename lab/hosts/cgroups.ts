import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, LabError } from "../errors.ts";
import { waitFor } from "../wait.ts";
import { killAll } from "./processes.ts";

/** All cgroups of labs lie below this one. */
const parent = "linly-mesh-lab";

interface Hierarchy {
  mount: string;
  version: 1 | 2;
  isCpuset: boolean;
}

/** All that are mounted. Beside those of version 1 there may be one of version 2, without controllers. */
async function allHierarchies(): Promise<Hierarchy[]> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  return mounts.flatMap(([, mount = "", type, options = ""]): Hierarchy[] => {
    if (type !== "cgroup" && type !== "cgroup2") return [];
    return [{ mount, version: type === "cgroup" ? 1 : 2, isCpuset: options.split(",").includes("cpuset") }];
  });
}

/** The hierarchies whose controllers the kubelet uses: each of version 1, or the only one there is of version 2. */
async function usedHierarchies(): Promise<Hierarchy[]> {
  const all = await allHierarchies();
  const v1 = all.filter(({ version }) => version === 1);
  return v1.length > 0 ? v1 : all;
}

/** The kubelet's `cgroupRoot` for a node. */
export function cgroupOf(lab: string, cluster: string, node: string): string {
  return `/${parent}/${lab}/${cluster}-${node}`;
}

/** Makes the cgroup under every controller; the kubelet expects its root to be there. */
export async function makeCgroup(path: string): Promise<void> {
  for (const hierarchy of await usedHierarchies()) {
    let at = hierarchy.mount;
    for (const part of path.split("/").filter((name) => name !== "")) {
      if (hierarchy.version === 2) await passControllersOn(at);
      const child = join(at, part);
      await mkdir(child, { recursive: true });
      if (hierarchy.isCpuset) await inheritCpuset(at, child);
      at = child;
    }
    if (hierarchy.version === 2) await passControllersOn(at);
  }
}

async function passControllersOn(cgroup: string): Promise<void> {
  const available = (await readFile(join(cgroup, "cgroup.controllers"), "utf8")).trim().split(" ");
  const wanted = available.filter((name) => ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"].includes(name));
  try {
    await writeFile(join(cgroup, "cgroup.subtree_control"), wanted.map((name) => `+${name}`).join(" "));
  } catch (error) {
    if (codeOf(error) !== "EBUSY") throw error;
    throw new LabError(
      `${cgroup} has processes of its own and can't pass its controllers on; run the lab on a machine or in a container whose root cgroup is empty`,
    );
  }
}

/** In version 1 a new cpuset has neither CPUs nor memory, and nothing can run in it. */
async function inheritCpuset(from: string, to: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if ((await readFile(join(to, file), "utf8")).trim() === "") {
      await writeFile(join(to, file), await readFile(join(from, file), "utf8"));
    }
  }
}

function labCgroup(lab: string): string {
  return join("/", parent, lab);
}

/** Existing cgroup directories of the lab, or of one of its nodes; not where somebody else has processes, too. */
export async function findCgroups(lab: string, path = labCgroup(lab)): Promise<string[]> {
  const tops = (await allHierarchies())
    .map(({ mount }) => join(mount, path))
    .filter((directory) => existsSync(directory));
  const shared = await Promise.all(tops.map(async (top) => (await processesBelow(top)).hasForeign));
  return tops.filter((_, at) => shared[at] === false);
}

/** Kills what is left in the lab's cgroups, or in those of one of its nodes, and removes them. */
export async function removeCgroups(lab: string, path = labCgroup(lab)): Promise<void> {
  for (const top of await findCgroups(lab, path)) {
    const left = await killAll(async () => (await processesBelow(top)).own);
    if (left.length > 0) throw new LabError(`processes ${left.join(", ")} in ${top} won't end`);
    await waitFor(`removal of ${top}`, { seconds: 10 }, async () => {
      for (const cgroup of await tree(top)) await rmdir(cgroup);
      return true;
    });
    if (path === labCgroup(lab)) await rmdir(dirname(top)).catch(() => undefined); // stays while another lab has one
  }
}

/** The cgroup and all below it, the deepest first. */
async function tree(cgroup: string): Promise<string[]> {
  const entries = await readdir(cgroup, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => tree(join(cgroup, name))),
  );
  return existsSync(cgroup) ? [...below.flat(), cgroup] : [];
}

async function processesIn(cgroup: string): Promise<Processes> {
  return processesOf(await readFile(join(cgroup, "cgroup.procs"), "utf8").catch(() => ""));
}

export interface Processes {
  own: number[];
  /** Whether there are others, which belong to another lab of that name in a container on this machine, or around this one. */
  hasForeign: boolean;
}

/**
 * The processes that a `cgroup.procs` names. One outside of the reader's PID namespace stands there as 0, and a signal to 0
 * would go to the reader's own process group.
 */
export function processesOf(procs: string): Processes {
  const pids = procs
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
  return { own: pids.filter((pid) => pid !== 0), hasForeign: pids.includes(0) };
}

/** The processes in the cgroup and in all below it. */
async function processesBelow(cgroup: string): Promise<Processes> {
  const all = await Promise.all((await tree(cgroup)).map(processesIn));
  return { own: all.flatMap(({ own }) => own), hasForeign: all.some(({ hasForeign }) => hasForeign) };
}
