import type { Program } from "./program/run.ts";
import { dryRun } from "./preview.ts";
import { forgottenOf, itAnswers, openLeft, removeWithLeft, sayForgotten, sayReplaced } from "./leaving.ts";
import type { Reporter, Step } from "./report.ts";
import { withClusters } from "./run.ts";
import type { Options, Result } from "./run.ts";

/**
 * Deletes all that the stack owns in the clusters that the program names, and in those that it no longer names; asks the
 * program for no more than the first.
 */
export async function destroy(program: Program, options: Options, report: Reporter): Promise<Result> {
  const { forget = [], signal } = options;
  const { providers } = await dryRun(program, () => {}, { signal });
  return withClusters(program, options, report, async (run, sessions) => {
    const steps: Step[] = [];
    const doubtful = providers.filter(({ spec }) => forget.includes(spec.name));
    const answers = await Promise.all(doubtful.map(({ spec }) => sessions.answers(spec)));
    const [kept, gone] = [true, false].map((wanted) =>
      doubtful.filter((_, index) => answers[index] === wanted).map(({ spec }) => spec.name),
    );
    await sessions.openAll(
      providers.filter(({ spec }) => !forget.includes(spec.name)),
      (name) => `nothing was deleted; if it is gone for good, run with --forget ${name}`,
    );
    await sayReplaced(run, sessions);
    const forgotten = await forgottenOf(sessions, forget, new Map(kept?.map((name) => [name, itAnswers])), gone);
    await openLeft(sessions, forgotten);
    const named = await sessions.clusters("named");
    const leaving = named.flatMap((session) => session.inventory.entries.map((entry) => ({ entry, session })));
    await removeWithLeft(sessions, leaving, forgotten, (step) => steps.push(step));
    if (run.signal.aborted) return { steps, outputs: {} };
    for (const { inventory } of named) await inventory.remove();
    for (const name of new Set([...(gone ?? []), ...forgotten.map((record) => record.name)])) sayForgotten(run, name);
    return { steps, outputs: {} };
  });
}
