import { idOf, isKubernetesObject, keyOf, titleOf } from "./cluster/kubernetes.ts";
import { EngineError } from "./errors.ts";
import { asked, stepOf } from "./program/asked.ts";
import type { Asked } from "./program/asked.ts";
import { execute } from "./program/execute.ts";
import type { Read } from "./program/host.ts";
import type { JsonObject } from "./json.ts";
import { inStableOrder } from "./order.ts";
import type { PolicyPack } from "./policy/pack.ts";
import { withPacks } from "./policy/packs.ts";
import { cleaned, refuseMandatory, violationsInOrder } from "./policy/violation.ts";
import type { Violation } from "./policy/violation.ts";
import type { Program, Runner } from "./program/run.ts";
import { providerSpec } from "./program/provider.ts";
import type { ProviderSpec } from "./program/provider.ts";
import { objectToRead } from "./program/read.ts";
import { isUnknown } from "./program/values.ts";
import { Redactor } from "./program/redactor.ts";
import { withRemoteComponents } from "./program/remote-components.ts";
import { called } from "./program/registration.ts";
import type { Registration } from "./program/registration.ts";
import type { Reporter, Step } from "./report.ts";

/** What a program asks for, found out without any cluster. Secrets and unknowns are marks in all of it. */
export interface Plan {
  /** The program's folder, which relative chart paths start from. */
  readonly dir: string;
  readonly project: string;
  readonly stack: string;
  /** In an order that does not change from run to run, see order.ts. */
  readonly steps: Step[];
  /** What policy packs found: none that is mandatory, unless an error carries the plan. */
  readonly violations: Violation[];
  /** The stack's outputs. */
  readonly outputs: JsonObject;
}

export interface PreviewOptions {
  /** Aborted to end the preview early. */
  readonly signal?: AbortSignal | undefined;
  /** Policy packs that judge what the program asks for. */
  readonly policyPacks?: readonly PolicyPack[] | undefined;
}

/**
 * Runs the program dry: no cluster is needed and none is asked. Throws every fault of the program at once; where there is
 * none, PolicyViolations with every mandatory violation at once.
 */
export async function preview(program: Program, report: Reporter, options: PreviewOptions = {}): Promise<Plan> {
  const { plan } = await dryRun(program, report, options);
  return plan;
}

/** A provider of the program, by its URN. */
export interface NamedProvider {
  readonly urn: string;
  readonly spec: ProviderSpec;
}

/**
 * A preview, and the way to each cluster that the program names.
 *
 * @param runner how the program is run; default: in a process of its own
 */
export async function dryRun(
  program: Program,
  report: Reporter,
  { signal, policyPacks = [] }: PreviewOptions,
  runner?: Runner,
): Promise<{ plan: Plan; providers: NamedProvider[] }> {
  const steps: Step[] = [];
  const providers: NamedProvider[] = [];
  const objects = new Map<string, string>();
  const registrations: Registration[] = [];
  const redactor = new Redactor();
  const print = (line: string) => report({ type: "log", severity: "info", text: redactor.clean(line), urn: "" });

  function done(step: Step): void {
    steps.push(step);
    report({ type: "start", step });
    report({ type: "done", step, seconds: 0 });
  }

  function distinct(registration: Registration, what: Asked): void {
    if (what.kind !== "object" || !isKubernetesObject(what.object)) return;
    const key = `${registration.provider} ${keyOf(idOf(what.object))}`;
    const other = objects.get(key);
    if (other !== undefined) {
      throw new EngineError(`${called(registration)}: is the same ${titleOf(idOf(what.object))} as ${other}`);
    }
    objects.set(key, called(registration));
  }

  const actions = withRemoteComponents({
    async register(registration: Registration) {
      const what = asked(registration);
      distinct(registration, what);
      registrations.push(registration);
      if (what.kind === "provider") providers.push({ urn: registration.urn, spec: providerSpec(registration) });
      const inCluster = what.kind === "object" || what.kind === "patch" || what.kind === "release";
      done(stepOf(registration, what, inCluster ? "apply" : "register"));
      return { id: "", outputs: registration.inputs };
    },
    async read({ urn, type, name, id }: Read) {
      const { kind } = objectToRead({ type, name, id });
      const title = `${kind} ${isUnknown(id) ? name : id}`;
      done({ urn, type, name, kind: "read", parent: "", title, outcome: "read", inputs: {} });
      return {};
    },
  });
  const { outputs, found } = await withPacks({ packs: policyPacks, program, dryRun: true, print }, async (packs) => ({
    outputs: await execute({ program, dryRun: true, redactor, report, signal, env: {}, runner }, actions),
    found: await packs.everything(registrations),
  }));
  const violations = violationsInOrder(found.map((violation) => cleaned(violation, redactor)));
  for (const violation of violations) report({ type: "violation", violation });
  const { dir, project, stack } = program;
  const plan = { dir, project, stack, steps: inStableOrder(steps), violations, outputs };
  refuseMandatory(violations, plan);
  return { plan, providers };
}
