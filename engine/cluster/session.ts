import type { Cluster } from "./cluster.ts";
import type { EngineError } from "../errors.ts";
import type { Inventory } from "./inventory.ts";
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
  /** Aborted when nothing more shall be begun: the run was interrupted, or a cluster is lost, which then is the reason. */
  readonly signal: AbortSignal;
  /** Aborted when someone wants the run to end: nothing is waited for any longer. */
  readonly interrupted: AbortSignal | undefined;
  /** Names this run to others. */
  readonly holder: string;
  /** Where the helm binary is; asked for only when a Release needs it. */
  readonly helm: () => Promise<string>;
  /** Overrides the context of the one cluster that the program has. */
  readonly context: string | undefined;
  /** Why a cluster is not to be changed, by the version of Kubernetes that it runs. */
  readonly refusal: ((version: string) => string | undefined) | undefined;
  /** Begins nothing more: the run no longer has a cluster to itself. What is under way in others ends as it would. */
  readonly lost: (reason: EngineError) => void;
}

/** One provider at work: its cluster, whose lease is held, and what the stack owns there. */
export interface Session {
  readonly run: Run;
  readonly provider: ProviderSpec;
  readonly cluster: Cluster;
  /** Of the cluster: two providers of the same one have the same. */
  readonly uid: string;
  readonly inventory: Inventory;
  /** Aborted when nothing is to be waited for in this cluster: the run was interrupted, or the cluster is lost. */
  readonly signal: AbortSignal;
  /** Aborted when this cluster no longer answers, or another run has it. */
  readonly lost: AbortSignal;
  wait(what: string, title: string, seconds: number): Wait;
}
