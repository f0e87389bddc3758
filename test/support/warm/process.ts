/*
 * Runs one program after the other, as the SDK's Automation API runs those that are functions: what has been loaded and compiled
 * stays. It ends with the first program that fails, and with the process that has started it.
 */
import { log, RunError, runtime } from "@pulumi/pulumi";
import type { Order } from "./order.ts";

let runs = 0;
let failed = false;

async function run({ entry, project, stack, config, secretKeys, address, dryRun }: Order): Promise<void> {
  runtime.resetOptions(project, stack, 0, address, address, dryRun, "organization");
  runtime.setAllConfig(config, secretKeys);
  runs += 1;
  // Under another name the entry point is evaluated again; what it imports stays.
  await runtime.runInPulumiStack(() => import(`${entry}?run=${runs}`));
  await runtime.disconnect(true);
  process.send?.("finished");
}

/** Tells the engine of the first error; others come of it. */
async function fail(error: unknown): Promise<void> {
  if (failed) return;
  failed = true;
  await log.error(textOf(error));
  await runtime.disconnect(false);
  process.exit(1);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof RunError ? error.message : (error.stack ?? error.message);
}

process.on("uncaughtException", (error) => void fail(error));
process.on("unhandledRejection", (error) => void fail(error));
process.on("disconnect", () => process.exit());
process.on("message", (order: Order) => void run(order).catch(fail));
