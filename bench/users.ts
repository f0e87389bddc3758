import { setTimeout } from "node:timers/promises";
import { ClusterView } from "../cli/demo/cluster-view.ts";
import { load, type Result } from "../cli/demo/load.ts";
import type { MeshConfig } from "../config/schema.ts";
import { workRoute } from "../services/engine.ts";
import { planPipeline } from "../services/plan.ts";

/** Where the users of a stack enter that ask for the whole pipeline. */
export function workPath(mesh: MeshConfig): string {
  const entry = planPipeline(mesh).services.find((service) => service.entry);
  if (entry === undefined) throw new Error("the stack has no entry stage");
  return workRoute(entry.stage.engine).path;
}

/** The users of one cluster, who enter at its own gateway. */
export class Users {
  readonly cluster: string;
  readonly view: ClusterView;
  readonly #path: string;

  constructor(kubeconfig: string, cluster: string, mesh: MeshConfig) {
    this.cluster = cluster;
    this.view = new ClusterView(kubeconfig, cluster);
    this.#path = workPath(mesh);
  }

  async sent(count: number): Promise<Result[]> {
    const url = await this.view.ingressUrl(this.#path);
    return load({ url, concurrency: Math.min(count, 4), timeout: 10_000 }, (already) => already >= count);
  }

  /**
   * Waits until a request is answered, five minutes at most.
   *
   * @returns the answer
   */
  async served(): Promise<Result> {
    const deadline = performance.now() + 300_000;
    let last = "";
    while (performance.now() < deadline) {
      // While the gateway has no address there is nobody to ask.
      const results = await this.sent(1).catch((error: unknown) => String(error));
      const [result] = typeof results === "string" ? [] : results;
      if (result?.failure === undefined && result !== undefined) return result;
      last = result?.failure ?? String(results);
      await setTimeout(100);
    }
    throw new Error(`no request of the ${this.cluster} was answered within five minutes: ${last}`);
  }
}
