import type { Program } from "./program/run.ts";
import { dryRun } from "./preview.ts";
import { removeAll } from "./remove.ts";
import type { Reporter, Step } from "./report.ts";
import { withClusters } from "./run.ts";
import type { Options, Result } from "./run.ts";

/** Deletes all that the stack owns in the clusters that the program names; asks the program for no more than these. */
export async function destroy(program: Program, options: Options, report: Reporter): Promise<Result> {
  const { providers } = await dryRun(program, () => {}, { signal: options.signal });
  return withClusters(program, options, report, async (run, sessions) => {
    const steps: Step[] = [];
    for (const { urn, spec } of providers) await sessions.open(urn, spec);
    const inventories = await sessions.inventories();
    const leaving = inventories.flatMap(({ session, inventory }) =>
      inventory.entries.map((entry) => ({ entry, session })),
    );
    await removeAll(leaving, (step) => steps.push(step));
    if (run.signal.aborted) return { steps, outputs: {} };
    for (const { inventory } of inventories) await inventory.remove();
    return { steps, outputs: {} };
  });
}
