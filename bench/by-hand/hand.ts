import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { overlay, type HelmValues } from "../../components/helm-values.ts";
import { render, type Plan, type Step } from "../../engine/index.ts";
import { chartArgs, runHelm, withValues, type Helm } from "../../engine/helm/helm.ts";
import { releaseSpec, type ReleaseSpec } from "../../engine/program/release-spec.ts";
import { shownSecret, shownUnknown } from "../../engine/program/values.ts";
import { inReleaseOrder } from "./release-order.ts";

/** The tools of a person who has the rendered manifests and no linly-mesh. */
export interface Tools {
  readonly helm: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly context: string;
}

/** A person's way to one cluster: its manifests in folders, a part each, its charts, and the tools for both. */
export class Hand<Part extends string> {
  /** The charts, in the order in which a person installs them. */
  readonly releases: readonly ReleaseSpec[];
  readonly #plan: Plan;
  readonly #parts: ReadonlyMap<Part, readonly Step[]>;
  readonly #dir: string;
  readonly #tools: Tools;

  /**
   * @param plan what is to stand in this cluster
   * @param partOf of which part a manifest is
   * @param dir folder for the manifests
   */
  constructor(plan: Plan, partOf: (step: Step) => Part, dir: string, tools: Tools) {
    const own = plan.steps.filter(({ kind }) => kind !== "release");
    this.releases = inReleaseOrder(plan.steps.filter(({ kind }) => kind === "release").map(releaseSpec));
    this.#plan = plan;
    this.#parts = Map.groupBy(own, partOf);
    this.#dir = dir;
    this.#tools = tools;
    requireKnown(own);
  }

  /** Writes the manifests of the plan's own objects; charts are helm's business. Not part of what is timed. */
  async prepare(): Promise<void> {
    const parts = [...this.#parts];
    await Promise.all(
      parts.map(([part, steps]) => render({ ...this.#plan, steps: [...steps] }, join(this.#dir, part), {})),
    );
  }

  /** Applies a part; a cluster that has nothing of it is left alone. */
  async apply(part: Part): Promise<void> {
    if (!this.#parts.has(part)) return;
    await this.kubectl("apply", "--server-side", "--recursive", "--filename", join(this.#dir, part));
  }

  async delete(part: Part): Promise<void> {
    if (!this.#parts.has(part)) return;
    await this.kubectl("delete", "--ignore-not-found", "--recursive", "--filename", join(this.#dir, part));
  }

  /**
   * Installs a chart and waits for what it makes.
   *
   * @param later values that were not known when the plan was made
   */
  async install(name: string, later: HelmValues = {}): Promise<void> {
    const spec = this.releases.find((release) => release.name === name);
    if (spec === undefined) throw new Error(`${this.#tools.context} has no release ${name}`);
    const values = overlay(spec.values, later);
    requireKnown(values);
    const where = [spec.name, ...chartArgs(spec, this.#plan.dir), "--namespace", spec.namespace];
    await withValues(values, (args) => runHelm(this.#helm(), ["install", ...where, "--wait", ...args]));
  }

  /** Uninstalls every chart, the last one first. */
  async uninstall(): Promise<void> {
    for (const { name, namespace } of this.releases.toReversed()) {
      await runHelm(this.#helm(), ["uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait"]);
    }
  }

  async kubectl(...args: string[]): Promise<string> {
    const { kubectl, kubeconfig, context } = this.#tools;
    const all = ["--kubeconfig", kubeconfig, "--context", context, ...args];
    return (await promisify(execFile)(kubectl, all, { maxBuffer: 2 ** 26 })).stdout;
  }

  #helm(): Helm {
    const { helm, kubeconfig, context } = this.#tools;
    return { binary: helm, args: ["--kubeconfig", kubeconfig, "--kube-context", context], env: {} };
  }
}

function requireKnown(what: object): void {
  const text = JSON.stringify(what);
  if (text.includes(shownSecret)) throw new Error("a plan with secrets can't be applied by hand");
  if (text.includes(shownUnknown)) throw new Error("what only a real run knows can't be applied by hand");
}
