import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";

/** Environment variable by which each process that a run starts says whose it is. */
export const holderVariable = "LINLY_MESH_HOLDER";

/* `host/pid/start/run`: a host is a name, a boot and a PID namespace, so that a pid means the same process to who compares. */
function hostId(): string {
  return [hostname(), readOr("/proc/sys/kernel/random/boot_id").slice(0, 8), pidNamespace()].join(".");
}

/** A run of this process, told apart from any other, also from that of a later process with the same pid. */
export function newHolder(): string {
  return [hostId(), process.pid, startOf(process.pid) ?? "unknown", randomBytes(4).toString("hex")].join("/");
}

/** Whether a holder's process is known to be gone: only its own host can tell. */
export function isDead(holder: string): boolean {
  const [host, pid, start] = holder.split("/");
  if (host !== hostId() || pid === undefined || start === "unknown") return false;
  return startOf(Number(pid)) !== start;
}

export function nameOf(holder: string): string {
  const [host, pid] = holder.split("/");
  return `process ${pid ?? "?"} on ${host?.split(".")[0] ?? "?"}`;
}

/** Ends what a dead run has left running, a helm in the middle of a change say, before another run takes its place. */
export async function endOrphansOf(holder: string): Promise<void> {
  const mark = Buffer.from(`${holderVariable}=${holder}\0`);
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const environment = await readFile(`/proc/${pid}/environ`).catch(() => Buffer.alloc(0));
    if (!environment.includes(mark)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** When a process started, in clock ticks since the host did: field 22 of its stat, the 20th after its name. */
function startOf(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended; only its parent has not noticed yet.
  return fields[0] === "Z" ? undefined : fields[19];
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "");
  } catch {
    return "";
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
