import { existsSync } from "node:fs";
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "./errors.ts";
import { findCgroups, removeCgroups } from "./hosts/cgroups.ts";
import { madeMountpoints, removeMountpoints } from "./hosts/mountpoints.ts";
import { interfacesOfMachine, removeInterface } from "./hosts/network.ts";
import { killAll, labProcesses } from "./hosts/processes.ts";
import { run } from "./run.ts";
import { readRecord, recordedLabs, stateDirOf, stateRoot } from "./state.ts";

/** Names of the labs of which anything is on this machine. */
export async function labsHere(): Promise<string[]> {
  const running = (await labProcesses()).filter(({ isZombie }) => !isZombie).map(({ lab }) => lab);
  return [...new Set([...(await recordedLabs()), ...running])].sort();
}

/**
 * Everything of the lab that is still on the machine, a line each; nothing after `labDown`. Namespaces, the mounts and
 * firewall rules in them and their interfaces live exactly as long as processes do.
 */
export async function leftovers(name: string): Promise<string[]> {
  const stateDir = stateDirOf(name);
  const record = await readRecord(name);
  return [
    ...(await processesOf(name)).map((pid) => `process ${pid}`),
    ...(await findCgroups(name)).map((path) => `cgroup ${path}`),
    ...(await interfacesOf(name)).map((link) => `interface ${link}`),
    ...(await mountsBelow(stateDir)).map((path) => `mount ${path}`),
    ...(await madeMountpoints(stateDir)).map((path) => `directory ${path}`),
    ...[stateDir, record?.kubeconfig ?? ""].filter((path) => existsSync(path)).map((path) => `file ${path}`),
  ];
}

async function processesOf(name: string): Promise<number[]> {
  return (await labProcesses()).filter(({ lab, isZombie }) => lab === name && !isZombie).map(({ pid }) => pid);
}

/** Interfaces don't tell whose they are: they are those of the lab that runs. */
async function interfacesOf(name: string): Promise<string[]> {
  const belongToOther = (await labProcesses()).some(({ lab, isZombie }) => lab !== name && !isZombie);
  return belongToOther ? [] : await interfacesOfMachine();
}

async function mountsBelow(directory: string): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  return mounts.filter((path) => path.startsWith(`${directory}/`));
}

/** Takes the lab away, whatever state it is in. The record goes last: a removal that is cut short can be taken up. */
export async function removeLab(name: string): Promise<void> {
  const stateDir = stateDirOf(name);
  const record = await readRecord(name);
  const left = await killAll(async () => await processesOf(name));
  if (left.length > 0) throw new LabError(`processes ${left.join(", ")} of the lab ${name} won't end`);
  await removeCgroups(name);
  for (const link of await interfacesOf(name)) await removeInterface(link);
  for (const mount of (await mountsBelow(stateDir)).toReversed()) await run("umount", ["--lazy", mount]);
  for (const entry of ["clusters", "switch"]) await rm(join(stateDir, entry), { recursive: true, force: true });
  await removeMountpoints(stateDir);
  if (record !== undefined) await rm(record.kubeconfig, { force: true });
  await rm(stateDir, { recursive: true, force: true });
  if (existsSync(stateRoot) && (await readdir(stateRoot)).length === 0) await rmdir(stateRoot);
}
