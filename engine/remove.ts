import { deleteAndWait } from "./objects/delete.ts";
import { keyOfEntry, objectIdOf, titleOfEntry } from "./cluster/entry.ts";
import type { Entry } from "./cluster/entry.ts";
import { EngineError, EngineFaults, messageOf } from "./errors.ts";
import { titleOf } from "./cluster/kubernetes.ts";
import { isOwn } from "./cluster/ownership.ts";
import { removeRelease } from "./helm/release.ts";
import type { Outcome, Step } from "./report.ts";
import type { Session } from "./cluster/session.ts";

/** An entry that is to go, and where. */
export interface Leaving {
  readonly entry: Entry;
  readonly session: Session;
}

/**
 * Deletes entries, each once all that need it are gone: what was made last goes first, and what does not depend on each
 * other goes together. What fails keeps what it needs; all failures are thrown together at the end.
 */
export async function removeAll(leaving: readonly Leaving[], done: (step: Step) => void): Promise<void> {
  const guarded = leaving.filter(({ entry }) => entry.protect).map(({ entry }) => titleOfEntry(entry));
  if (guarded.length > 0) {
    throw new EngineError(
      `${guarded.join(", ")} is protected: take the option protect away first; nothing was deleted`,
    );
  }
  const removals = new Map<string, Promise<boolean>>();
  const faults: string[] = [];
  let begin = () => {};
  // Every removal has to be in the map before the first one looks for those that it waits for.
  const allKnown = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const inReverse = leaving.toReversed();
  for (const one of inReverse) {
    const dependents = inReverse.filter(({ entry }) => entry.needs.includes(one.entry.urn));
    removals.set(keyOf(one), removeOnce(one, dependents));
  }
  begin();
  await Promise.all(removals.values());
  const flushed = leaving
    .filter(({ session }) => !session.lost.aborted)
    .map(({ session }) => session.inventory.flush());
  await Promise.allSettled(flushed);
  if (faults.length > 0) throw new EngineFaults([...new Set(faults)]);
  await Promise.all(flushed);

  async function removeOnce(one: Leaving, dependents: Leaving[]): Promise<boolean> {
    await allKnown;
    const gone = await Promise.all(dependents.map((dependent) => removals.get(keyOf(dependent)) ?? true));
    const { run } = one.session;
    if (gone.includes(false) || run.signal.aborted) return false;
    const started = Date.now();
    const step = stepOfEntry(one, "delete");
    run.report({ type: "start", step });
    try {
      const finished = { ...step, outcome: await removeEntry(one) };
      one.session.inventory.forget(one.entry);
      done(finished);
      run.report({ type: "done", step: finished, seconds: (Date.now() - started) / 1000 });
      return true;
    } catch (error) {
      faults.push(run.redactor.clean(messageOf(error)));
      run.report({ type: "done", step: { ...step, outcome: "failed" }, seconds: (Date.now() - started) / 1000 });
      return false;
    }
  }
}

function keyOf({ entry, session }: Leaving): string {
  return `${session.uid}|${keyOfEntry(entry)}`;
}

async function removeEntry({ entry, session }: Leaving): Promise<Outcome> {
  if (entry.retainOnDelete) return "retain";
  if (entry.what === "release") return removeRelease(entry, session);
  const { cluster, run } = session;
  const id = objectIdOf(entry);
  if (!(await cluster.knows(id))) return "delete";
  const live = await cluster.get(id);
  if (live === undefined) return "delete";
  if (entry.what === "patch") {
    // To apply nothing under a manager is to give up all of its fields.
    const { apiVersion, kind, namespace, name } = id;
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
    await cluster.apply({ apiVersion, kind, metadata }, id, entry.manager ?? "", false);
    return "release";
  }
  if (!isOwn(entry, live)) {
    const text = `${titleOf(id)} on cluster ${cluster.name} is no longer the object that this stack made; it is left alone`;
    run.report({ type: "log", severity: "warning", text, urn: entry.urn });
    return "retain";
  }
  await deleteAndWait(live, entry.deleteSeconds, session);
  return "delete";
}

function stepOfEntry({ entry, session }: Leaving, outcome: Outcome): Step {
  const [type, name] = entry.urn.split("::").slice(-2);
  return {
    urn: entry.urn,
    type: type?.split("$").at(-1) ?? "",
    name: name ?? "",
    kind: entry.what,
    parent: "",
    cluster: session.provider.name,
    title: titleOfEntry(entry),
    outcome,
    inputs: {},
  };
}
