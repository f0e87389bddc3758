/*
 * Runs one program after the other, as the SDK's Automation API runs those that are functions: what has been loaded and compiled
 * stays. Each ends as it would on the SDK's own runner: once nothing is left to do, so that what comes late belongs to it, and
 * what never comes is told by the SDK. A program with errors ends the process, and so does the end of the one that started it.
 */
import { inspect } from "node:util";
import { log, ResourceError, RunError, runtime } from "@pulumi/pulumi";
import type { Task } from "./task.ts";

let runs = 0;
let settled = false;
const errors = new Set<unknown>();

async function run({ dir, entry, project, stack, config, secretKeys, address }: Task): Promise<void> {
  // Waiting for another task is nothing that is left to do.
  process.channel?.unref();
  process.chdir(dir);
  runtime.resetOptions(project, stack, 0, address, address, true, "organization");
  runtime.setAllConfig(config, secretKeys);
  runs += 1;
  settled = false;
  // Under another name the entry point is evaluated again; what it imports stays.
  await runtime.runInPulumiStack(() => import(`${entry}?run=${runs}`));
  settled = true;
}

/** Called whenever nothing is left to do: after the program, and once more after each thing that this sets going. */
async function finish(): Promise<void> {
  if (!settled || errors.size > 0) return;
  settled = false;
  await runtime.disconnect(true);
  if (errors.size > 0) return;
  process.channel?.ref();
  process.send?.("finished");
}

/** Tells the engine of an error, once however often it is thrown on. */
function tell(error: unknown): void {
  if (errors.has(error)) return;
  errors.add(error);
  process.exitCode = 1;
  void log.error(textOf(error).replaceAll(/\?run=\d+/g, ""));
}

function textOf(error: unknown): string {
  const isPlain = error instanceof RunError || (error instanceof ResourceError && error.hideStack);
  return isPlain ? error.message : inspect(error);
}

process.on("uncaughtException", tell);
process.on("unhandledRejection", tell);
process.on("beforeExit", () => void finish());
process.on("disconnect", () => process.exit());
process.on("message", (task: Task) => void run(task));
