import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What of a machine a lab could change: told by the system's own tools, not by the lab's. */
export interface Machine {
  readonly interfaces: string[];
  readonly routes: string[];
  readonly mounts: string[];
  readonly namespaces: string[];
  readonly cgroups: string[];
  readonly daemons: string[];
  readonly files: string[];
}

const daemonNames = /^(etcd|kube|containerd|coredns|pilot|envoy|node-lab|pause|runc)/;

export function machineNow(): Machine {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return {
    interfaces: lines("ip", ["-o", "link"]).map((line) => line.split(":")[1]?.trim() ?? ""),
    routes: lines("ip", ["route"]),
    mounts: readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "")
      .sort(),
    namespaces: existsSync("/run/netns") ? readdirSync("/run/netns").sort() : [],
    cgroups: cgroups("/sys/fs/cgroup", 3).sort(),
    daemons: pids.map(commandOf).filter((command) => daemonNames.test(command)),
    files: ["/var/lib/linly-mesh-lab", "/etc/cni", "/opt/cni", "/var/lib/kubelet"].filter((path) => existsSync(path)),
  };
}

function lines(command: string, args: readonly string[]): string[] {
  return execFileSync(command, args, { encoding: "utf8" }).trim().split("\n").sort();
}

/** The name of a process; empty for one that has ended meanwhile. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

function cgroups(dir: string, depth: number): string[] {
  if (depth === 0) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [join(dir, name), ...cgroups(join(dir, name), depth - 1)]);
}
