import type { ClusterRecord } from "./cluster/record.ts";
import type { Sessions } from "./cluster/sessions.ts";
import { allOrFaults, EngineError, EngineRefusal, messageOf } from "./errors.ts";
import { toForget } from "./forget.ts";
import { removeAll } from "./remove.ts";
import type { Leaving } from "./remove.ts";
import type { Step } from "./report.ts";
import type { Run } from "./cluster/session.ts";

/**
 * The clusters that left and are to be forgotten. Refuses names that mean none of them, and clusters that answer: what is held
 * there can be deleted.
 *
 * @param kept clusters that the program names, by name, and why they can't be forgotten
 * @param others names of clusters beside those that left which may be forgotten
 */
export async function forgottenOf(
  sessions: Sessions,
  asked: readonly string[],
  kept: ReadonlyMap<string, string>,
  others: readonly string[] = [],
): Promise<ClusterRecord[]> {
  if (asked.length === 0) return [];
  const { left } = await sessions.known();
  const meant = left.filter(({ name }) => asked.includes(name));
  const answers = await Promise.all(meant.map((record) => sessions.answers(record)));
  const answering = meant.filter((_, index) => answers[index]);
  const { forget, faults } = toForget({
    asked,
    kept: new Map([...kept, ...answering.map(({ name }): [string, string] => [name, itAnswers])]),
    left: left.filter((record) => !answering.includes(record)),
    others,
  });
  if (faults.length > 0) throw new EngineRefusal(faults);
  return forget;
}

/** Why a cluster is not forgotten that could be cleared as well. */
export const itAnswers = "it answers; without --forget what the stack holds there is deleted";

/** Says which clusters can't be found any more, since another is now where they were. */
export async function sayReplaced({ report, redactor }: Run, sessions: Sessions): Promise<void> {
  const { replaced } = await sessions.known();
  for (const { name } of replaced) {
    const text = `cluster ${name} is not the one that it was; what the stack had made in that is left there, if it still exists`;
    report({ type: "log", severity: "warning", text: redactor.clean(text), urn: "" });
  }
}

/** Says of a cluster that nothing was done there, and that nobody will know of it any more. */
export function sayForgotten({ report, redactor, program }: Run, name: string): void {
  const text = `cluster ${name} is forgotten: what stack ${program.stack} made there is left as it is`;
  report({ type: "log", severity: "warning", text: redactor.clean(text), urn: "" });
}

/**
 * Opens the clusters that inventories name and the program does not, and those that theirs name in turn. Throws if one of them
 * can't be worked with, and is not to be forgotten: what it needs elsewhere may not go before what it holds.
 */
export async function openLeft(sessions: Sessions, forgotten: readonly ClusterRecord[]): Promise<void> {
  const isForgotten = ({ uid }: ClusterRecord) => forgotten.some((one) => one.uid === uid);
  for (;;) {
    const { left } = await sessions.known();
    const toOpen = left.filter((record) => !isForgotten(record));
    if (toOpen.length === 0) return;
    const opened = await Promise.allSettled(toOpen.map((record) => openOne(record, sessions)));
    // What was found in those that could be opened is known to the others from now on.
    if (opened.some(({ status }) => status === "fulfilled")) await sessions.record();
    await allOrFaults(opened.map(async (one) => (one.status === "rejected" ? Promise.reject(one.reason) : one.value)));
  }
}

async function openOne(record: ClusterRecord, sessions: Sessions): Promise<void> {
  const { name, kubeconfig } = record;
  try {
    await sessions.openRecorded(record);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const howToGoOn =
      kubeconfig === undefined
        ? `take what it holds out of the program before its provider, then forget it: --forget ${name}`
        : `run this again once it answers; if it is gone for good, forget it: --forget ${name}`;
    throw new EngineError(
      `cluster ${name} left the program and what the stack holds there is not deleted yet: ${messageOf(error)}. ` +
        `Nothing was deleted: ${howToGoOn}`,
    );
  }
}

/** Deletes these and all that clusters hold which the program no longer names; then those are let go. */
export async function removeWithLeft(
  sessions: Sessions,
  leaving: readonly Leaving[],
  forgotten: readonly ClusterRecord[],
  done: (step: Step) => void,
): Promise<void> {
  const left = await sessions.clusters("left");
  const held = left.flatMap((session) => session.inventory.entries.map((entry) => ({ entry, session })));
  await removeAll([...leaving, ...held], done);
  if (left.some(({ run }) => run.signal.aborted)) return;
  await sessions.leave(forgotten);
}
