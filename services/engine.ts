import type { CpuQuantity, MemoryQuantity } from "./quantity.ts";

/** What is known of a program that can stand in a stage of the pipeline: vLLM behind llm, Kokoro behind tts. */

/** Application protocol of a port, declared so that Istio does not have to sniff it. */
export type AppProtocol = "http" | "http2" | "grpc";

export type HttpMethod = "GET" | "POST" | "PUT" | "DELETE";

/** One route of an engine; a method of gRPC is a POST to `/<package>.<Service>/<Method>`. */
export interface Route {
  readonly method: HttpMethod;
  /** Exact path. */
  readonly path: string;
  /** Whether sending the request twice has the same effect as sending it once. A route that generates is not. */
  readonly idempotent: boolean;
  /** `work` routes carry the pipeline; `admin` routes change what a replica serves. */
  readonly purpose: "work" | "admin";
  /** Whether the answer can come piece by piece, so that its headers are no sign of its end. */
  readonly streams: boolean;
}

/** CPU and memory of a container, as Kubernetes quantities. */
export interface ComputeResources {
  readonly requests: { readonly cpu: CpuQuantity; readonly memory: MemoryQuantity };
  readonly limits: { readonly cpu: CpuQuantity; readonly memory: MemoryQuantity };
}

/** A folder that the engine writes to; everything else of its file system is read-only. */
export interface ScratchDir {
  readonly path: string;
  /** The kubelet evicts a pod that writes more. Kubernetes quantity. */
  readonly sizeLimit: MemoryQuantity;
  /** `memory` counts against the container's memory limit. */
  readonly medium: "disk" | "memory";
}

/** How an engine takes a model from a volume. */
export interface ModelMount {
  /** Where the volume is mounted, read-only. */
  readonly path: string;
  /** What lies in the volume, for whoever fills it. */
  readonly layout: string;
  /** Variables and arguments by which the engine takes its model from there and from nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/** What of an engine's settings a stack file may not set, since its callers, its probes or its end rely on them. */
export interface ReservedSettings {
  /** Variables, by name. */
  readonly env: readonly string[];
  /** Options, as `--port`; `all` where the image has a command of its own and no entrypoint, which arguments replace. */
  readonly args: readonly string[] | "all";
}

export interface Engine {
  /** The name the stack files use: `vllm`. */
  readonly name: string;
  /** A published image with its digest; undefined where there is none that a mesh could run. */
  readonly image: string | undefined;
  /** Who it runs as, where its image says root or a name; undefined leaves the image's own number. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly port: number;
  readonly protocol: AppProtocol;
  /** The first `work` route is the one the previous stage calls. */
  readonly routes: readonly [Route, ...Route[]];
  /** Whether it shows pages, whose parts and calls have paths of their own: a browser may ask for any but admin routes. */
  readonly showsPages: boolean;
  /**
   * Paths that answer 200: `startup` and `readiness` once it can work, `liveness` as long as it need not be restarted.
   * A probe without a path asks only whether the port accepts connections. `port` is where they are asked by HTTP. Default:
   * the engine's.
   */
  readonly probes: {
    readonly port?: number;
    readonly startup?: string;
    readonly readiness?: string;
    readonly liveness?: string;
  };
  /** Where it tells its own metrics in Prometheus' format; undefined where it tells none. */
  readonly metrics: { readonly path: string; readonly port: number } | undefined;
  /** Whether those metrics count requests and measure their durations by the names that `requestMetrics.stage` reads. */
  readonly measuresRequests: boolean;
  /** Whether a client may turn a request into a WebSocket. */
  readonly webSockets: boolean;
  /** Whether it calls the stages that `NEXT_HOPS` names; any other answers by itself. */
  readonly calls: boolean;
  /** Longest time a replica may take to load its model, in seconds; the startup probe gives up after it. */
  readonly startupSeconds: number;
  /** Longest time a request may take, in seconds; a pod that ends waits for as long. */
  readonly longestRequestSeconds: number;
  /**
   * How long a pod that is to end goes on as before, in seconds, until every caller knows that it ends; 0 where the
   * engine itself takes new connections for a while after SIGTERM.
   */
  readonly preStopSeconds: number;
  /**
   * The option that tells it how long to go on with what it has begun after SIGTERM, in seconds; undefined where it goes
   * on to the end by itself.
   */
  readonly shutdownOption?: string;
  /** GPU memory that its usual model takes, as a Kubernetes quantity; undefined where no source tells it. */
  readonly gpuMemory: string | undefined;
  readonly resources: ComputeResources;
  readonly scratch: readonly ScratchDir[];
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly reserved: ReservedSettings;
  /** Undefined where the model is part of the image. */
  readonly model: ModelMount | undefined;
  /** Hosts outside the cluster that some of what it can do calls for; the mesh opens the way to those that the stack names in `egress`. */
  readonly egress: readonly string[];
}

/** The routes that change what a replica serves. */
export function adminRoutes({ routes }: { readonly routes: readonly Route[] }): Route[] {
  return routes.filter(({ purpose }) => purpose === "admin");
}

/** The route a caller in the pipeline uses. */
export function workRoute({ routes }: Pick<Engine, "routes">): Route {
  return routes.find(({ purpose }) => purpose === "work") ?? routes[0];
}
