import { EngineError, EngineFaults, faultsOf, messageOf } from "./errors.ts";
import { newHolder } from "./cluster/holder.ts";
import type { JsonObject } from "./json.ts";
import type { PolicyPack } from "./policy/pack.ts";
import type { Program } from "./program/run.ts";
import { Redactor } from "./program/redactor.ts";
import type { Reporter, Step } from "./report.ts";
import { Sessions } from "./cluster/sessions.ts";
import type { Run } from "./cluster/session.ts";

export interface Options {
  /** Where the helm binary is; asked for only when a Release needs it. */
  readonly helm: () => Promise<string>;
  /** Aborted to end the run early and in order. */
  readonly signal?: AbortSignal;
  /** Overrides the kube context of a program's only provider. */
  readonly context?: string;
  /**
   * Why a cluster is not to be changed, by the version of Kubernetes that it tells (`v1.34.1`); undefined where it may be.
   * Asked before anything is touched there.
   */
  readonly refusal?: (version: string) => string | undefined;
  /**
   * Names of clusters that no longer answer and whose objects are to be left where they are: for an `up`, such as the program
   * no longer names, for a `destroy` any.
   */
  readonly forget?: readonly string[];
  /** Policy packs that an `up` is held to; what they are and when they judge: docs/policies.md. */
  readonly policyPacks?: readonly PolicyPack[];
}

/** What came of a run. */
export interface Result {
  readonly steps: Step[];
  /** The stack's outputs; secrets are marks. */
  readonly outputs: JsonObject;
}

/** Does work with the clusters of a program and gives back what it took of them, however the work ends. */
export async function withClusters(
  program: Program,
  options: Options,
  report: Reporter,
  work: (run: Run, sessions: Sessions) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const lost = new Set<string>();
  const run: Run = {
    program,
    report,
    redactor: new Redactor(),
    signal: options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal]),
    interrupted: options.signal,
    holder: newHolder(),
    helm: options.helm,
    context: options.context,
    refusal: options.refusal,
    lost(reason) {
      lost.add(reason.message);
      ended.abort(reason);
    },
  };
  const sessions = new Sessions(run);
  let result: Result;
  try {
    result = await work(run, sessions);
    if (run.signal.aborted && lost.size === 0) throw new EngineError("interrupted before everything was done");
    if (lost.size > 0) throw new EngineFaults([...lost]);
  } catch (error) {
    await sessions.close().catch((also: unknown) => {
      report({ type: "log", severity: "warning", text: run.redactor.clean(messageOf(also)), urn: "" });
    });
    throw lost.size === 0 ? error : new EngineFaults([...new Set([...lost, ...faultsOf(error)])]);
  }
  await sessions.close();
  return result;
}
