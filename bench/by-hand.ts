import type { Plan, Step } from "../engine/index.ts";
import { Hand, type Tools } from "./by-hand/hand.ts";
import { certManager } from "./by-hand/release-order.ts";

/** Manifests of one folder. */
type Part = "namespaces" | "certificates" | "objects";

function partOf({ inputs }: Step): Part {
  if (inputs["kind"] === "Namespace") return "namespaces";
  return String(inputs["apiVersion"]).startsWith("cert-manager.io/") ? "certificates" : "objects";
}

/** A plan brought up by `kubectl apply --server-side` and `helm install`, in the order that its parts need. */
export class ByHand {
  readonly #hand: Hand<Part>;

  /** @param dir folder for the manifests */
  constructor(plan: Plan, dir: string, tools: Tools) {
    const steps = plan.steps.filter(({ kind }) => kind === "release" || kind === "object" || kind === "patch");
    this.#hand = new Hand({ ...plan, steps }, partOf, dir, tools);
  }

  prepare(): Promise<void> {
    return this.#hand.prepare();
  }

  async up(): Promise<void> {
    await this.#hand.apply("namespaces");
    for (const { name } of this.#hand.releases) {
      await this.#hand.install(name);
      if (name === certManager) await this.#hand.apply("certificates");
    }
    await this.#hand.apply("objects");
  }

  /** Namespaces go last: with them go helm's records, without which a chart's objects outside of them would stay. */
  async down(): Promise<void> {
    await this.#hand.delete("objects");
    await this.#hand.delete("certificates");
    await this.#hand.uninstall();
    await this.#hand.delete("namespaces");
  }
}
