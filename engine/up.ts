import { applyObject, applyPatch, outputsOf } from "./objects/apply.ts";
import type { Applied } from "./objects/apply.ts";
import { asked, mustBeKnown, stepOf } from "./program/asked.ts";
import type { Asked } from "./program/asked.ts";
import type { ClusterRecord } from "./cluster/record.ts";
import { EngineError } from "./errors.ts";
import { execute } from "./program/execute.ts";
import { holderVariable } from "./cluster/holder.ts";
import type { Read } from "./program/host.ts";
import type { JsonObject } from "./json.ts";
import { dryRun } from "./preview.ts";
import type { NamedProvider, PreviewOptions } from "./preview.ts";
import { withPacks } from "./policy/packs.ts";
import type { Packs } from "./policy/packs.ts";
import { cleaned, refuseMandatory, textOf } from "./policy/violation.ts";
import { titleOf } from "./cluster/kubernetes.ts";
import type { Program } from "./program/run.ts";
import { providerSpec } from "./program/provider.ts";
import { objectToRead } from "./program/read.ts";
import type { Registration } from "./program/registration.ts";
import { withRemoteComponents } from "./program/remote-components.ts";
import { applyRelease } from "./helm/release.ts";
import { forgottenOf, openLeft, removeWithLeft, sayForgotten, sayReplaced } from "./leaving.ts";
import type { Reporter, Step } from "./report.ts";
import { withClusters } from "./run.ts";
import type { Options, Result } from "./run.ts";
import type { Run } from "./cluster/session.ts";
import type { Sessions } from "./cluster/sessions.ts";
import { urnOfProvider } from "./program/urn.ts";

/**
 * Makes the clusters what the program says, then deletes what it no longer names, also in clusters that it no longer names.
 * Before any of them is touched the program is run dry: policy packs judge the whole of it, and each resource again, all of it
 * known by then, before it is applied; and every cluster has to answer.
 */
export async function up(program: Program, options: Options, report: Reporter): Promise<Result> {
  const { policyPacks = [], signal } = options;
  const { told, providers } = await foresee(program, { policyPacks, signal }, report);
  return withClusters(program, options, report, async (run, sessions) => {
    // Where the way to a cluster comes from another resource, the program itself leads there later.
    const known = providers.filter(({ spec }) => spec.kubeconfig !== undefined);
    await sessions.openAll(known, (name) => adviceOn(name, known.length));
    const named = new Map(providers.map(({ spec }) => [spec.name, isNamed]));
    const forgotten = await forgottenOf(sessions, options.forget ?? [], named);
    await sayReplaced(run, sessions);
    await sessions.record();
    const print = (line: string) => report({ type: "log", severity: "info", text: run.redactor.clean(line), urn: "" });
    const args = { packs: policyPacks, program, dryRun: false, print };
    return withPacks(args, (packs) => apply(run, sessions, { packs, told }, forgotten));
  });
}

const isNamed = "the program names it; take it out of the program first";

function adviceOn(name: string, clusters: number): string {
  if (clusters === 1) return "nothing was touched";
  return `nothing was touched in any cluster; if it is gone for good, take it out of the program and run with --forget ${name}`;
}

/** Holds the program to its policies by a dry run: gives the texts of the violations that were told, and the clusters. */
async function foresee(
  program: Program,
  options: PreviewOptions,
  report: Reporter,
): Promise<{ told: Set<string>; providers: NamedProvider[] }> {
  const told = new Set<string>();
  const { providers } = await dryRun(
    program,
    (event) => {
      if (event.type !== "violation") return;
      told.add(textOf(event.violation));
      report(event);
    },
    options,
  );
  return { told, providers };
}

/** Policy packs, and what they were heard to say before. */
interface Policies {
  readonly packs: Packs;
  readonly told: ReadonlySet<string>;
}

async function apply(
  run: Run,
  sessions: Sessions,
  { packs, told }: Policies,
  forgotten: readonly ClusterRecord[],
): Promise<Result> {
  const { program, report, redactor, signal, holder } = run;
  const steps: Step[] = [];

  async function judge(registration: Registration): Promise<void> {
    const found = await packs.resource(registration);
    const violations = found.map((violation) => cleaned(violation, redactor));
    for (const violation of violations.filter((violation) => !told.has(textOf(violation)))) {
      report({ type: "violation", violation });
    }
    refuseMandatory(violations);
  }

  async function register(registration: Registration): Promise<Applied> {
    mustBeKnown(registration);
    const what = asked(registration);
    const step = stepOf(registration, what, "register");
    const started = Date.now();
    const done = (outcome: Step["outcome"]) => {
      steps.push({ ...step, outcome });
      report({ type: "done", step: { ...step, outcome }, seconds: (Date.now() - started) / 1000 });
    };
    report({ type: "start", step });
    try {
      await judge(registration);
      const applied = await carryOut(registration, what, sessions);
      done(applied.outcome);
      return applied;
    } catch (error) {
      done("failed");
      throw error;
    }
  }

  const actions = withRemoteComponents({ register, read: (wanted: Read) => read(wanted, sessions) });
  const env = { [holderVariable]: holder };
  const outputs = await execute({ program, dryRun: false, redactor, report, signal, env }, actions);
  await openLeft(sessions, forgotten);
  const leaving = (await sessions.clusters("named")).flatMap((session) =>
    session.inventory.unnamed.map((entry) => ({ entry, session })),
  );
  await removeWithLeft(sessions, leaving, forgotten, (step) => steps.push(step));
  if (signal.aborted) return { steps, outputs };
  await sessions.record();
  for (const { name } of forgotten) sayForgotten(run, name);
  return { steps, outputs };
}

async function carryOut(registration: Registration, what: Asked, sessions: Sessions): Promise<Applied> {
  const { urn, name, inputs } = registration;
  if (what.kind === "stack" || what.kind === "component") return { id: "", outcome: "register", outputs: inputs };
  if (what.kind === "provider") {
    await sessions.open(urn, providerSpec(registration));
    return { id: name, outcome: "register", outputs: inputs };
  }
  const session = await sessions.of(urnOfProvider(registration.provider));
  if (what.kind === "release") return applyRelease(registration, what.spec, session);
  return what.kind === "patch" ? applyPatch(registration, session) : applyObject(registration, session);
}

async function read({ provider, ...wanted }: Read, sessions: Sessions): Promise<JsonObject> {
  const id = objectToRead(wanted);
  const { cluster } = await sessions.of(urnOfProvider(provider));
  const { namespaced } = await cluster.kind(id);
  const live = await cluster.get(namespaced ? { namespace: cluster.defaultNamespace, ...id } : id);
  if (live === undefined) throw new EngineError(`${titleOf(id)} does not exist on cluster ${cluster.name}`);
  return outputsOf({ inputs: {} }, live);
}
