import { allOrFaults, EngineError, EngineFaults } from "../errors.ts";
import { Inventory } from "./inventory.ts";
import { sameJson, toJson } from "../json.ts";
import { Lease } from "./lease.ts";
import type { ProviderSpec } from "../program/provider.ts";
import { reach, reachRecorded } from "./reached.ts";
import type { Reached } from "./reached.ts";
import { byName, compare, knownClusters } from "./record.ts";
import type { ClusterRecord, KnownClusters } from "./record.ts";
import type { Run, Session } from "./session.ts";

/** A cluster at work, behind one or several providers. */
interface Opened {
  readonly session: Session;
  readonly record: ClusterRecord;
  /** Whether the program names it. */
  readonly isNamed: boolean;
  readonly lease: Lease;
  readonly lost: AbortController;
}

/** All clusters of a run. Two providers of the same cluster share its inventory and lease. */
export class Sessions {
  readonly #run: Run;
  readonly #sessions = new Map<string, { provider: ProviderSpec; session: Promise<Session> }>();
  readonly #opened = new Map<string, Promise<Opened>>();
  readonly #reached: Reached[] = [];
  /** UIDs of clusters that the stack has nothing in any more, or that are not to be known any longer. */
  readonly #dropped = new Set<string>();

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Opens all these clusters: reaches each, and only once all answer and none is refused takes their leases. That goes in an
   * order that is the same for every run, so that of two at once one gets them all. `advice` says of one that can't be reached,
   * by its name, what can be done.
   */
  async openAll(
    providers: readonly { urn: string; spec: ProviderSpec }[],
    advice: (name: string) => string,
  ): Promise<void> {
    if (this.#run.context !== undefined && providers.length > 1) throw severalProviders();
    const reached = await allOrFaults(
      providers.map(async ({ urn, spec }) => ({
        urn,
        spec,
        reached: await this.#reach(spec).catch(advise(spec.name)),
      })),
    );
    function advise(name: string) {
      return (error: unknown) => {
        throw error instanceof EngineError ? new EngineError(`${error.message}; ${advice(name)}`) : error;
      };
    }
    const refusals = reached.flatMap(({ reached }) => this.#refusalOf(reached) ?? []);
    if (refusals.length > 0) throw new EngineFaults([...new Set(refusals)]);
    const inOrder = reached.toSorted((one, other) => inLockOrder(one.reached.record, other.reached.record));
    for (const { urn, spec, reached } of inOrder) {
      const session = this.#openReached(reached, true);
      this.#sessions.set(urn, { provider: spec, session });
      await session;
    }
  }

  /** Opens a provider's cluster, unless that was done before the program asked for it. */
  open(urn: string, provider: ProviderSpec): Promise<Session> {
    const known = this.#sessions.get(urn);
    if (known !== undefined && sameJson(toJson(known.provider), toJson(provider))) return known.session;
    const session = this.#openLate(provider);
    this.#sessions.set(urn, { provider, session });
    return session;
  }

  async of(urn: string): Promise<Session> {
    const known = this.#sessions.get(urn);
    if (known === undefined) throw new EngineError(`there is no provider ${urn}`);
    return known.session;
  }

  /** One session for each cluster that is open: those that the program names, or those that it no longer names. */
  async clusters(which: "named" | "left"): Promise<Session[]> {
    const opened = await this.#open();
    return opened.filter(({ isNamed }) => isNamed === (which === "named")).map(({ session }) => session);
  }

  /** What inventories name and is not open. */
  async known(): Promise<KnownClusters> {
    const opened = await this.#open();
    const recorded = opened.flatMap(({ session }) => session.inventory.clusters);
    return knownClusters(
      opened.map(({ record }) => record),
      recorded.filter(({ uid }) => !this.#dropped.has(uid)),
    );
  }

  /** Opens a cluster that the program no longer names. */
  async openRecorded(record: ClusterRecord): Promise<void> {
    await this.#openReached(await this.#reach(record), false);
  }

  /** Whether a cluster that the program names, or named, can be worked with. */
  async answers(cluster: ProviderSpec | ClusterRecord): Promise<boolean> {
    return this.#reach(cluster).then(
      () => true,
      () => false,
    );
  }

  /** Writes into each inventory which other clusters there are: before anything is made in one of them, it can be found. */
  async record(): Promise<void> {
    const opened = await this.#open();
    const { left } = await this.known();
    const all = [...opened.map(({ record }) => record), ...left].sort(byName);
    const kept = all.filter(({ uid }) => !this.#dropped.has(uid));
    await allOrFaults(
      opened
        .filter(({ record }) => !this.#dropped.has(record.uid))
        .map(({ session, record }) => session.inventory.name(kept.filter(({ uid }) => uid !== record.uid))),
    );
  }

  /** Leaves the clusters that the program no longer names, and those that are to be forgotten. The others know of them last. */
  async leave(forgotten: readonly ClusterRecord[]): Promise<void> {
    const left = (await this.#open()).filter(({ isNamed }) => !isNamed);
    await allOrFaults(
      left.map(async ({ session, lease }) => {
        await session.inventory.remove();
        await lease.release();
      }),
    );
    for (const { uid } of [...left.map(({ record }) => record), ...forgotten]) this.#dropped.add(uid);
  }

  async #open(): Promise<Opened[]> {
    return Promise.all(this.#opened.values());
  }

  async #reach(cluster: ProviderSpec | ClusterRecord): Promise<Reached> {
    const { context, program } = this.#run;
    const reached =
      "uid" in cluster
        ? await reachRecorded(cluster, program.dir)
        : await reach(context === undefined ? cluster : { ...cluster, context }, program.dir);
    this.#reached.push(reached);
    return reached;
  }

  #refusalOf({ version, provider }: Reached): string | undefined {
    const refused = this.#run.refusal?.(version);
    return refused === undefined ? undefined : `cluster ${provider.name} ${refused}; nothing was touched there`;
  }

  async #openLate(provider: ProviderSpec): Promise<Session> {
    if (this.#run.context !== undefined && this.#sessions.size > 0) throw severalProviders();
    const reached = await this.#reach(provider);
    const refused = this.#refusalOf(reached);
    if (refused !== undefined) throw new EngineError(refused);
    const session = await this.#openReached(reached, true);
    await this.record();
    return session;
  }

  async #openReached(reached: Reached, isNamed: boolean): Promise<Session> {
    const { uid } = reached.record;
    const opened = this.#opened.get(uid) ?? this.#take(reached, isNamed);
    this.#opened.set(uid, opened);
    const { session, lost } = await opened;
    return sessionOf(this.#run, reached, session.inventory, lost.signal);
  }

  async #take(reached: Reached, isNamed: boolean): Promise<Opened> {
    const { program, holder } = this.#run;
    const { cluster, record } = reached;
    const name = `linly-mesh-${program.stack}`;
    const lease = new Lease(cluster, name, holder);
    const lost = new AbortController();
    await lease.take((reason) => {
      const error = new EngineError(`cluster ${cluster.name} (${cluster.server}) is lost to this run: ${reason}`);
      lost.abort(error);
      this.#run.lost(error);
    });
    try {
      const inventory = new Inventory(cluster, name, program.project);
      await inventory.load();
      return { session: sessionOf(this.#run, reached, inventory, lost.signal), record, isNamed, lease, lost };
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  /** Writes down what was learnt and gives every lease back, whatever else fails. A lost cluster is left as it is. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#sessions.values()].map(({ session }) => session));
    const opened = await Promise.allSettled(this.#opened.values());
    const ends = opened.map(async (one) => {
      if (one.status === "rejected" || one.value.lost.signal.aborted) return;
      const { session, lease, record } = one.value;
      if (!one.value.isNamed && this.#dropped.has(record.uid)) return;
      try {
        await session.inventory.flush();
      } finally {
        await lease.release();
      }
    });
    const ended = await Promise.allSettled(ends);
    await Promise.allSettled(this.#reached.map(({ access }) => access.dispose()));
    const failed = ended.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

function inLockOrder(one: ClusterRecord, other: ClusterRecord): number {
  return compare(one.uid, other.uid) || byName(one, other);
}

function severalProviders(): EngineError {
  return new EngineError("a context can only be given for a program with a single provider");
}

function sessionOf(run: Run, { provider, cluster, record }: Reached, inventory: Inventory, lost: AbortSignal): Session {
  cluster.endWith(lost);
  const { interrupted, report, redactor } = run;
  const signal = interrupted === undefined ? lost : AbortSignal.any([interrupted, lost]);
  return {
    run,
    provider,
    cluster,
    uid: record.uid,
    inventory,
    signal,
    lost,
    wait: (what, title, seconds) => ({
      what: `${what} on cluster ${cluster.name}`,
      seconds,
      signal,
      onReason: (reason) => report({ type: "waiting", cluster: cluster.name, title, reason: redactor.clean(reason) }),
    }),
  };
}
