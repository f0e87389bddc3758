import type { CpuQuantity, MemoryQuantity } from "./quantity.ts";

/** What is known of a stage of the pipeline before any stack says how to run it. */

/** The kind of node a stage needs: `gpu` pods ask for at least one GPU, `cpu` pods for none. */
export type Pool = "cpu" | "gpu";

/** Application protocol of a port, declared so that Istio does not have to sniff it. */
export type AppProtocol = "http" | "http2" | "grpc";

export type HttpMethod = "GET" | "POST" | "PUT" | "DELETE";

/** One HTTP route of a stage. */
export interface Route {
  readonly method: HttpMethod;
  /** Exact path. */
  readonly path: string;
  /** Whether sending the request twice has the same effect as sending it once. A route that generates is not. */
  readonly idempotent: boolean;
  /** `work` routes carry the pipeline; `admin` routes change what a replica serves. */
  readonly purpose: "work" | "admin";
}

/** CPU and memory of a container, as Kubernetes quantities. */
export interface ComputeResources {
  readonly requests: { readonly cpu: CpuQuantity; readonly memory: MemoryQuantity };
  readonly limits: { readonly cpu: CpuQuantity; readonly memory: MemoryQuantity };
}

export interface Stage {
  /** The name the pipeline and the stack files use: `llm`. */
  readonly name: string;
  readonly pool: Pool;
  /** GPUs one replica asks for: a whole number, 0 on the cpu pool. */
  readonly gpus: number;
  readonly port: number;
  readonly protocol: AppProtocol;
  /** The first `work` route is the one the previous stage calls. */
  readonly routes: readonly [Route, ...Route[]];
  /** Longest time a replica may take to load its model, in seconds; the startup probe gives up after it. */
  readonly startupSeconds: number;
  /** The prefix upstream's clients read the address from, as `<prefix>_SERVICE_HOST` and `<prefix>_SERVICE_PORT`. */
  readonly clientEnvPrefix: string;
  readonly resources: ComputeResources;
}

/** The name of the stage's Service, ServiceAccount and `app` label: `llm-service`. */
export function serviceName(stage: Pick<Stage, "name">): string {
  return `${stage.name}-service`;
}

/** The route a caller in the pipeline uses. */
export function workRoute(stage: Stage): Route {
  return stage.routes.find(({ purpose }) => purpose === "work") ?? stage.routes[0];
}
