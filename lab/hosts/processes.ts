import { readlinkSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * The process table is the lab's only record of what runs: every process that the lab starts carries these variables,
 * so that none is lost to a crash and none is found in a file that outlived it. Containers don't inherit them; they
 * end with the PID namespace of their host.
 */
export const labVariable = "LINLY_MESH_LAB";
export const hostVariable = "LINLY_MESH_HOST";
export const daemonVariable = "LINLY_MESH_DAEMON";
/** A daemon's own pid in its host: what it starts inherits the variable, but not the pid. */
export const pidVariable = "LINLY_MESH_PID";
/** The PID namespace that the lab was started in: a machine also sees the labs that run in containers on it. */
export const homeVariable = "LINLY_MESH_HOME";

export function home(): string {
  return readlinkSync("/proc/self/ns/pid");
}

export interface LabProcess {
  pid: number;
  lab: string;
  host: string;
  daemon: string;
  /** The daemon itself, or pid 1 of the host; not one of their children. */
  isMain: boolean;
  isZombie: boolean;
}

/** Every process of every lab on this machine, but not of those in containers on it. */
export async function labProcesses(): Promise<LabProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const here = home();
  const found = await Promise.all(pids.map((pid) => inspect(pid, here)));
  return found.filter((process) => process !== undefined);
}

async function inspect(pid: number, here: string): Promise<LabProcess | undefined> {
  try {
    const environment = new Map(
      (await environmentOf(pid)).split("\0").map((line): [string, string] => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    const lab = environment.get(labVariable);
    if (lab === undefined || (environment.get(homeVariable) ?? here) !== here) return undefined;
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const [, innerPid, ...deeper] = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    return {
      pid,
      lab,
      host: environment.get(hostVariable) ?? "",
      daemon: environment.get(daemonVariable) ?? "",
      isMain: innerPid === environment.get(pidVariable) && innerPid !== undefined && deeper.length === 0,
      isZombie: /^State:\s+Z/m.test(status),
    };
  } catch {
    return undefined; // it ended while we looked, or has no environment (a kernel thread)
  }
}

/** In the middle of an exec a process shows no environment, not even an empty one; neither does a kernel thread ever. */
async function environmentOf(pid: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    if (environment !== "" || attempt === 100) return environment;
    await readlink(`/proc/${pid}/exe`); // throws for a kernel thread and for a process that is ending
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const [start, end] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(47, 49); // fields 50 and 51 of proc(5)
    if (start === "0") await sleep(10);
    else if (start === end) return environment;
    // Else the exec has ended since: there is something to read now.
  }
}

/** Kills the processes that `find` returns until it returns none, or gives back those that are left after a while. */
export async function killAll(find: () => Promise<number[]>, seconds = 30): Promise<number[]> {
  for (let end = Date.now() + seconds * 1000; ; await sleep(50)) {
    const pids = await find();
    if (pids.length === 0 || Date.now() > end) return pids;
    for (const pid of pids) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone already
  }
}
