import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { render, type Plan } from "../engine/index.ts";
import { chartArgs, runHelm, withValues, type Helm } from "../engine/helm/helm.ts";
import { releaseSpec } from "../engine/program/release-spec.ts";
import { shownSecret } from "../engine/program/values.ts";

/** The tools of a person who has the rendered manifests and no linly-mesh. */
export interface Tools {
  readonly helm: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly context: string;
}

/* A chart comes once what it needs is there: the gateway's pods get their image from istiod's webhook. */
const releaseOrder = ["istio-base", "istiod", "istio-cni", "istio-ingress"];

/** A plan brought up by `kubectl apply --server-side` and `helm install`, in the order that its parts need. */
export class ByHand {
  readonly #plan: Plan;
  readonly #dir: string;
  readonly #tools: Tools;

  /** @param dir folder for the manifests */
  constructor(plan: Plan, dir: string, tools: Tools) {
    if (JSON.stringify(plan.steps).includes(shownSecret))
      throw new Error("a plan with secrets can't be applied by hand");
    this.#plan = plan;
    this.#dir = dir;
    this.#tools = tools;
  }

  /** Writes the manifests of the plan's own objects; charts are helm's business. Not part of what is timed. */
  async prepare(): Promise<void> {
    const steps = this.#plan.steps.filter(({ kind }) => kind !== "release");
    await render({ ...this.#plan, steps }, join(this.#dir, "all"), {});
    const namespaces = steps.filter(({ inputs }) => inputs["kind"] === "Namespace");
    await render({ ...this.#plan, steps: namespaces }, join(this.#dir, "namespaces"), {});
  }

  async up(): Promise<void> {
    await this.#kubectl("apply", "--server-side", "--recursive", "--filename", join(this.#dir, "namespaces"));
    for (const spec of this.#releases()) {
      await withValues(spec.values, (values) =>
        runHelm(this.#helm(), [
          "install",
          spec.name,
          ...chartArgs(spec, this.#plan.dir),
          "--namespace",
          spec.namespace,
          "--wait",
          ...values,
        ]),
      );
    }
    await this.#kubectl("apply", "--server-side", "--recursive", "--filename", join(this.#dir, "all"));
  }

  async down(): Promise<void> {
    await this.#kubectl("delete", "--ignore-not-found", "--recursive", "--filename", join(this.#dir, "all"));
    for (const { name, namespace } of this.#releases().reverse()) {
      await runHelm(this.#helm(), ["uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait"]);
    }
  }

  #releases() {
    const specs = this.#plan.steps.filter(({ kind }) => kind === "release").map(releaseSpec);
    const unknown = specs.filter(({ name }) => !releaseOrder.includes(name)).map(({ name }) => name);
    if (unknown.length > 0) throw new Error(`no order is known for the releases ${unknown.join(", ")}`);
    return specs.sort((a, b) => releaseOrder.indexOf(a.name) - releaseOrder.indexOf(b.name));
  }

  #helm(): Helm {
    const { helm, kubeconfig, context } = this.#tools;
    return { binary: helm, args: ["--kubeconfig", kubeconfig, "--kube-context", context], env: {} };
  }

  async #kubectl(...args: string[]): Promise<void> {
    const { kubectl, kubeconfig, context } = this.#tools;
    await promisify(execFile)(kubectl, ["--kubeconfig", kubeconfig, "--context", context, ...args], {
      maxBuffer: 2 ** 26,
    });
  }
}
