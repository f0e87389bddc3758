import { Cluster } from "./cluster.ts";
import { EngineError } from "../errors.ts";
import { Inventory } from "./inventory.ts";
import { textAt } from "../json.ts";
import { accessTo } from "./kubeconfig.ts";
import type { Access } from "./kubeconfig.ts";
import { Lease } from "./lease.ts";
import type { Program } from "../program/run.ts";
import type { ProviderSpec } from "../program/provider.ts";
import type { Redactor } from "../program/redactor.ts";
import type { Reporter } from "../report.ts";
import type { Wait } from "./wait.ts";

/** What a run brings to each cluster that it changes. */
export interface Run {
  readonly program: Program;
  readonly report: Reporter;
  readonly redactor: Redactor;
  /** Aborted when the run shall end early. */
  readonly signal: AbortSignal;
  /** Names this run to others. */
  readonly holder: string;
  /** Where the helm binary is; asked for only when a Release needs it. */
  readonly helm: () => Promise<string>;
  /** Overrides the context of the one cluster that the program has. */
  readonly context: string | undefined;
  /** Why a cluster is not to be changed, by the version of Kubernetes that it runs. */
  readonly refusal: ((version: string) => string | undefined) | undefined;
  /** Ends the run early: it no longer has the cluster to itself. */
  readonly lost: (reason: string) => void;
}

/** One provider at work: its cluster, whose lease is held, and what the stack owns there. */
export interface Session {
  readonly run: Run;
  readonly provider: ProviderSpec;
  readonly cluster: Cluster;
  readonly inventory: Inventory;
  wait(what: string, title: string, seconds: number): Wait;
}

/** The cluster behind one or several providers. */
interface Opened {
  readonly inventory: Inventory;
  readonly lease: Lease;
}

/** All providers of a run. Two providers of the same cluster share its inventory and lease. */
export class Sessions {
  readonly #run: Run;
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #opened = new Map<string, Promise<Opened>>();
  readonly #access: Access[] = [];

  constructor(run: Run) {
    this.#run = run;
  }

  /** Opens a provider's cluster: reaches it, takes its lease, reads its inventory. */
  open(urn: string, provider: ProviderSpec): Promise<Session> {
    const session = this.#open(provider);
    this.#sessions.set(urn, session);
    return session;
  }

  async of(urn: string): Promise<Session> {
    const session = this.#sessions.get(urn);
    if (session === undefined) throw new EngineError(`there is no provider ${urn}`);
    return session;
  }

  async inventories(): Promise<{ session: Session; inventory: Inventory }[]> {
    const sessions = await Promise.all(this.#sessions.values());
    const first = new Map(sessions.map((session) => [session.inventory, session]));
    return [...first].map(([inventory, session]) => ({ session, inventory }));
  }

  async #open(given: ProviderSpec): Promise<Session> {
    const { program, context, refusal } = this.#run;
    if (context !== undefined && this.#sessions.size > 0) {
      throw new EngineError("a context can only be given for a program with a single provider");
    }
    const provider = context === undefined ? given : { ...given, context };
    const access = await accessTo(provider, program.dir);
    this.#access.push(access);
    const cluster = new Cluster(provider.name, access);
    const version = await cluster.connect();
    const refused = refusal?.(version);
    if (refused !== undefined) throw new EngineError(`cluster ${provider.name} ${refused}; nothing was touched there`);
    const system = await cluster.get({ apiVersion: "v1", kind: "Namespace", name: "kube-system" });
    const uid = textAt(system, "metadata", "uid");
    if (uid === undefined) throw new EngineError(`cluster ${provider.name} has no namespace kube-system`);
    const opened = this.#opened.get(uid) ?? this.#take(cluster);
    this.#opened.set(uid, opened);
    const { inventory } = await opened;
    return { run: this.#run, provider, cluster, inventory, wait: this.#waits(cluster) };
  }

  async #take(cluster: Cluster): Promise<Opened> {
    const { program, holder, lost } = this.#run;
    const name = `linly-mesh-${program.stack}`;
    const lease = new Lease(cluster, name, holder);
    await lease.take(lost);
    try {
      const inventory = new Inventory(cluster, name, program.project);
      await inventory.load();
      return { inventory, lease };
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  #waits(cluster: Cluster): Session["wait"] {
    const { report, signal, redactor } = this.#run;
    return (what, title, seconds) => ({
      what: `${what} on cluster ${cluster.name}`,
      seconds,
      signal,
      onReason: (reason) => report({ type: "waiting", title, reason: redactor.clean(reason) }),
    });
  }

  /** Writes down what was learnt and gives every lease back, whatever else fails. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#sessions.values());
    const opened = await Promise.allSettled(this.#opened.values());
    const ends = opened.map(async (one) => {
      if (one.status === "rejected") return;
      try {
        await one.value.inventory.flush();
      } finally {
        await one.value.lease.release();
      }
    });
    const ended = await Promise.allSettled(ends);
    await Promise.allSettled(this.#access.map((access) => access.dispose()));
    const failed = ended.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
