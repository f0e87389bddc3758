import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { render, type Plan, type Step } from "../engine/index.ts";
import { chartArgs, runHelm, withValues, type Helm } from "../engine/helm/helm.ts";
import { releaseSpec, type ReleaseSpec } from "../engine/program/release-spec.ts";
import { shownSecret } from "../engine/program/values.ts";

/** The tools of a person who has the rendered manifests and no linly-mesh. */
export interface Tools {
  readonly helm: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly context: string;
}

/** Manifests of one folder. */
type Part = "namespaces" | "certificates" | "objects";

function partOf({ inputs }: Step): Part {
  if (inputs["kind"] === "Namespace") return "namespaces";
  return String(inputs["apiVersion"]).startsWith("cert-manager.io/") ? "certificates" : "objects";
}

const certManager = "cert-manager";

/*
 * A chart comes once what it needs is there: istiod's CA is from cert-manager, and the gateway's pods get their image from
 * istiod's webhook.
 */
const releaseOrder = [certManager, "istio-base", "istiod", "istio-cni", "istio-ingress"];

/**
 * Releases in the order in which a person installs them.
 *
 * @throws Error for a release of which no order is known
 */
export function inReleaseOrder<Release extends { readonly name: string }>(releases: readonly Release[]): Release[] {
  const unknown = releases.filter(({ name }) => !releaseOrder.includes(name)).map(({ name }) => name);
  if (unknown.length > 0) throw new Error(`no order is known for the releases ${unknown.join(", ")}`);
  return releases.toSorted((a, b) => releaseOrder.indexOf(a.name) - releaseOrder.indexOf(b.name));
}

/** A plan brought up by `kubectl apply --server-side` and `helm install`, in the order that its parts need. */
export class ByHand {
  readonly #plan: Plan;
  readonly #releases: readonly ReleaseSpec[];
  readonly #dir: string;
  readonly #tools: Tools;

  /** @param dir folder for the manifests */
  constructor(plan: Plan, dir: string, tools: Tools) {
    if (JSON.stringify(plan.steps).includes(shownSecret))
      throw new Error("a plan with secrets can't be applied by hand");
    this.#plan = plan;
    this.#releases = inReleaseOrder(plan.steps.filter(({ kind }) => kind === "release").map(releaseSpec));
    this.#dir = dir;
    this.#tools = tools;
  }

  /** Writes the manifests of the plan's own objects; charts are helm's business. Not part of what is timed. */
  async prepare(): Promise<void> {
    const own = this.#plan.steps.filter(({ kind }) => kind !== "release");
    const parts = Object.entries(Object.groupBy(own, partOf));
    await Promise.all(parts.map(([part, steps]) => render({ ...this.#plan, steps }, join(this.#dir, part), {})));
  }

  async up(): Promise<void> {
    await this.#apply("namespaces");
    for (const spec of this.#releases) {
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
      if (spec.name === certManager) await this.#apply("certificates");
    }
    await this.#apply("objects");
  }

  /** Namespaces go last: with them go helm's records, without which a chart's objects outside of them would stay. */
  async down(): Promise<void> {
    await this.#delete("objects");
    await this.#delete("certificates");
    for (const { name, namespace } of this.#releases.toReversed()) {
      await runHelm(this.#helm(), ["uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait"]);
    }
    await this.#delete("namespaces");
  }

  async #apply(part: Part): Promise<void> {
    if (!this.#has(part)) return;
    await this.#kubectl("apply", "--server-side", "--recursive", "--filename", join(this.#dir, part));
  }

  async #delete(part: Part): Promise<void> {
    if (!this.#has(part)) return;
    await this.#kubectl("delete", "--ignore-not-found", "--recursive", "--filename", join(this.#dir, part));
  }

  #has(part: Part): boolean {
    return this.#plan.steps.some((step) => step.kind !== "release" && partOf(step) === part);
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
