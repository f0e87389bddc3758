import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "./errors.ts";
import type { LabSpec } from "./spec.ts";

/** Where labs keep their files: certificates, logs, etcd's data, the nodes' own directories. */
export const stateRoot = "/var/lib/linly-mesh-lab";

export function stateDirOf(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
    throw new LabError(`"${name}" can't name a lab: use up to 32 lower-case letters, digits and hyphens`);
  }
  return join(stateRoot, name);
}

/** What is needed to look at a lab, repair it or take it down later. What runs is in the process table instead. */
export interface LabRecord {
  spec: LabSpec;
  kubeconfig: string;
  /** Changes with whatever the lab is made of; a lab of another fingerprint is replaced. */
  fingerprint: string;
}

function fileOf(name: string): string {
  return join(stateDirOf(name), "lab.json");
}

export async function writeRecord(record: LabRecord): Promise<void> {
  await mkdir(stateDirOf(record.spec.name), { recursive: true, mode: 0o700 });
  await writeAtomically(fileOf(record.spec.name), JSON.stringify(record, undefined, 2));
}

export async function readRecord(name: string): Promise<LabRecord | undefined> {
  if (!existsSync(fileOf(name))) return undefined;
  const record: LabRecord = JSON.parse(await readFile(fileOf(name), "utf8"));
  return record;
}

/** Names of all labs that have files on this machine. */
export async function recordedLabs(): Promise<string[]> {
  return existsSync(stateRoot) ? await readdir(stateRoot) : [];
}

/** A reader finds the old content or the new one, never a part. */
export async function writeAtomically(path: string, content: string, mode = 0o600): Promise<void> {
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}

export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
