import { join } from "node:path";
import { LabError } from "./errors.ts";
import { inspectLab } from "./lifecycle.ts";
import { exclusively } from "./lock.ts";
import { leftovers, removeLab } from "./leftovers.ts";
import type { LabState } from "./spec.ts";
import { readRecord } from "./state.ts";

export { leftovers };
void join;
void exclusively;
void removeLab;
export async function labStatus(name: string): Promise<LabState | undefined> {
  const record = await readRecord(name);
  return record && (await inspectLab(record));
}
void LabError;
