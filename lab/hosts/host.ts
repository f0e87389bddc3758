import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import { run } from "../run.ts";
import { waitFor } from "../wait.ts";
import {
  daemonVariable,
  home,
  homeVariable,
  hostVariable,
  killAll,
  type LabProcess,
  labProcesses,
  labVariable,
  pidVariable,
} from "./processes.ts";

/** A bind mount that only the host sees. */
export interface Mount {
  from: string;
  to: string;
}

export interface HostPlan {
  lab: string;
  /** Unique within the lab: `switch`, `local/control-plane`, `local/cpu-1`. */
  name: string;
  hostname: string;
  /** Where the host keeps its files; also seen from within. */
  dir: string;
  mounts: Mount[];
}

/** A long-running program of a host. */
export interface Daemon {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
}

/** A host that is up: a process with network, mount, PID, IPC and UTS namespaces of its own, which end with it. */
export interface Host {
  plan: HostPlan;
  pid: number;
}

export function logOf(plan: HostPlan, daemon: string): string {
  return join(plan.dir, "log", `${daemon}.log`);
}

function readyFile(plan: HostPlan): string {
  return join(plan.dir, "ready");
}

export async function findHost(plan: HostPlan): Promise<Host | undefined> {
  if (!existsSync(readyFile(plan))) return undefined;
  const init = (await processesOf(plan)).find(({ daemon, isMain }) => daemon === "init" && isMain);
  return init && { plan, pid: init.pid };
}

/** Starts a host whose former self, if any, has been taken away. */
export async function startHost(plan: HostPlan): Promise<Host> {
  await killAll(async () => (await processesOf(plan)).map(({ pid }) => pid)); // one that was left half furnished, say
  await rm(readyFile(plan), { force: true });
  await mkdir(join(plan.dir, "log"), { recursive: true });
  for (const { from } of plan.mounts) if (!existsSync(from)) await mkdir(from, { recursive: true });
  const mounts = join(plan.dir, "mounts");
  await writeFile(mounts, plan.mounts.map(({ from, to }) => `bind ${from} ${to}\n`).join(""));
  const script = join(import.meta.dirname, "init.sh");
  const unshare = "--net --mount --pid --ipc --uts --fork --kill-child --mount-proc --propagation private".split(" ");
  const log = logOf(plan, "init");
  const child = spawn(
    "/bin/bash",
    ["-c", 'exec >"$0" 2>&1; exec unshare "$@"', log, ...unshare, "/bin/bash", script, mounts, readyFile(plan)],
    {
      cwd: "/",
      detached: true,
      stdio: "ignore",
      env: environment(plan, "init", { [pidVariable]: "1", LINLY_MESH_HOSTNAME: plan.hostname }),
    },
  );
  let ended: string | undefined;
  child.on("error", (error) => (ended = error.message));
  child.on("exit", (code, signal) => (ended = `ended with ${signal ?? code}`));
  child.unref();
  let host: Host | undefined;
  await waitFor(`host ${plan.name}`, { seconds: 20, logs: [log] }, async () => {
    if (ended !== undefined) throw new LabError(ended);
    host = await findHost(plan);
    return host === undefined ? "not furnished yet" : true;
  });
  if (host === undefined) throw new LabError(`host ${plan.name} is gone`);
  return host;
}

function environment(plan: HostPlan, daemon: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    [labVariable]: plan.lab,
    [homeVariable]: home(),
    [hostVariable]: plan.name,
    [daemonVariable]: daemon,
    ...more,
  };
}

/** Runs a command in all of the host's namespaces. */
export async function runIn(host: Host, command: string, args: readonly string[]): Promise<string> {
  return await run("nsenter", [...allNamespacesOf(host), command, ...args]);
}

/** Runs a command of the machine in the host's network. */
export async function runInNetworkOf(
  host: Host,
  command: string,
  args: readonly string[],
  input = "",
): Promise<string> {
  return await run("nsenter", ["-t", String(host.pid), "-n", "--", command, ...args], input);
}

function allNamespacesOf(host: Host): string[] {
  return ["-t", String(host.pid), "-m", "-u", "-i", "-n", "-p", "--"];
}

export async function runningDaemons(plan: HostPlan): Promise<Set<string>> {
  return new Set((await processesOf(plan)).filter(({ isMain }) => isMain).map(({ daemon }) => daemon));
}

/** Ends hosts as a loss of power does: all their processes at once. What they wrote stays. */
export async function killHosts(plans: readonly HostPlan[]): Promise<void> {
  const names = new Set(plans.map(({ name }) => name));
  const left = await killAll(async () =>
    (await labProcesses())
      .filter(({ lab, host, isZombie }) => lab === plans[0]?.lab && names.has(host) && !isZombie)
      .map(({ pid }) => pid),
  );
  if (left.length > 0) throw new LabError(`processes ${left.join(", ")} of ${[...names].join(", ")} won't end`);
}

async function processesOf(plan: HostPlan): Promise<LabProcess[]> {
  return (await labProcesses()).filter(({ lab, host, isZombie }) => {
    return lab === plan.lab && host === plan.name && !isZombie;
  });
}

/** Whether a process is there, by the pid that it has in its host. */
async function lives(host: Host, innerPid: string): Promise<boolean> {
  return (await runIn(host, "/bin/bash", ["-c", 'test ! -d "/proc/$0" || echo yes', innerPid])).trim() === "yes";
}

/** Starts the daemon unless it runs. Its parent becomes the host's pid 1, so nothing of it is left to ours. */
export async function ensureDaemon(host: Host, daemon: Daemon): Promise<boolean> {
  const { plan } = host;
  if ((await runningDaemons(plan)).has(daemon.name)) return false;
  const detach = `cd /; (export ${pidVariable}=$BASHPID; exec setsid "$@") >>"$0" 2>&1 </dev/null & echo $!`;
  const args = ["/bin/bash", "-c", detach, logOf(plan, daemon.name), daemon.command, ...daemon.args];
  const said = await run(
    "nsenter",
    [...allNamespacesOf(host), ...args],
    "",
    environment(plan, daemon.name, daemon.env),
  );
  const innerPid = said.trim();
  // One that ends at once may never be seen: whoever waits for its work finds it missing.
  await waitFor(`${plan.name}: ${daemon.name} started`, { seconds: 30, logs: [logOf(plan, daemon.name)] }, async () => {
    if ((await runningDaemons(plan)).has(daemon.name) || !(await lives(host, innerPid))) return true;
    return "it does not run its program yet";
  });
  return true;
}
