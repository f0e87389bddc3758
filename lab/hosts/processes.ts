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

export interface LabProcess {
  pid: number;
  lab: string;
  host: string;
  daemon: string;
  /** Pid 1 of a host's PID namespace. */
  isInit: boolean;
  isZombie: boolean;
}

/** Every process of every lab on this machine. */
export async function labProcesses(): Promise<LabProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(inspect));
  return found.filter((process) => process !== undefined);
}

async function inspect(pid: number): Promise<LabProcess | undefined> {
  try {
    const environment = new Map(
      (await environmentOf(pid)).split("\0").map((line): [string, string] => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    const lab = environment.get(labVariable);
    if (lab === undefined) return undefined;
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const innerPids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
    return {
      pid,
      lab,
      host: environment.get(hostVariable) ?? "",
      daemon: environment.get(daemonVariable) ?? "",
      isInit: innerPids.length === 2 && innerPids[1] === "1",
      isZombie: /^State:\s+Z/m.test(status),
    };
  } catch {
    return undefined; // it ended while we looked, or has no environment (a kernel thread)
  }
}

/** A process in the middle of an exec shows no environment for a moment, while a kernel thread never has one. */
async function environmentOf(pid: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    if (environment !== "" || attempt === 10) return environment;
    await readlink(`/proc/${pid}/exe`); // throws for a kernel thread
    await sleep(5);
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
