import { applyObject, applyPatch, outputsOf } from "./objects/apply.ts";
import type { Applied } from "./objects/apply.ts";
import { asked, mustBeKnown, stepOf } from "./program/asked.ts";
import type { Asked } from "./program/asked.ts";
import { EngineError } from "./errors.ts";
import { execute } from "./program/execute.ts";
import { holderVariable } from "./cluster/holder.ts";
import type { Read } from "./program/host.ts";
import type { JsonObject } from "./json.ts";
import { dryRun } from "./preview.ts";
import type { PreviewOptions } from "./preview.ts";
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
import { removeAll } from "./remove.ts";
import type { Reporter, Step } from "./report.ts";
import { withClusters } from "./run.ts";
import type { Options, Result } from "./run.ts";
import type { Run, Sessions } from "./cluster/session.ts";
import { urnOfProvider } from "./program/urn.ts";

/**
 * Makes the clusters what the program says, then deletes what it no longer names. Policy packs judge the whole of it
 * before any cluster is touched, and each resource again, all of it known by then, before it is applied.
 */
export async function up(program: Program, options: Options, report: Reporter): Promise<Result> {
  const { policyPacks = [], signal } = options;
  const told =
    policyPacks.length === 0 ? new Set<string>() : await judgeBefore(program, { policyPacks, signal }, report);
  return withClusters(program, options, report, (run, sessions) => {
    const print = (line: string) => report({ type: "log", severity: "info", text: run.redactor.clean(line), urn: "" });
    const args = { packs: policyPacks, program, dryRun: false, print };
    return withPacks(args, (packs) => apply(run, sessions, { packs, told }));
  });
}

/** Holds the program to its policies by a dry run, and gives the texts of the violations that were told. */
async function judgeBefore(program: Program, options: PreviewOptions, report: Reporter): Promise<Set<string>> {
  const told = new Set<string>();
  await dryRun(
    program,
    (event) => {
      if (event.type !== "violation") return;
      told.add(textOf(event.violation));
      report(event);
    },
    options,
  );
  return told;
}

/** Policy packs, and what they were heard to say before. */
interface Policies {
  readonly packs: Packs;
  readonly told: ReadonlySet<string>;
}

async function apply(run: Run, sessions: Sessions, { packs, told }: Policies): Promise<Result> {
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
  const inventories = await sessions.inventories();
  const leaving = inventories.flatMap(({ session, inventory }) =>
    inventory.unnamed.map((entry) => ({ entry, session })),
  );
  await removeAll(leaving, (step) => steps.push(step));
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
