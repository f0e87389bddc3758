import type { Engine, Route } from "../engine.ts";

/** The name by which a stack file asks for the simulator. */
export const simulator = "simulator";

/** What of the simulator's own can be asked for beside the routes of the engine that it stands for. */
const own: readonly Route[] = [
  // As a stream where the request asks for one, which is how its class knows it.
  { method: "GET", path: "/talk", idempotent: true, purpose: "work", streams: false },
  { method: "GET", path: "/voices", idempotent: true, purpose: "work", streams: false },
  { method: "POST", path: "/generate", idempotent: false, purpose: "work", streams: false },
];

/** What of them is asked for by gRPC, where the engine speaks that. */
const ownByGrpc: readonly Route[] = [
  { method: "POST", path: "/linly.v1.Stage/Talk", idempotent: false, purpose: "work", streams: true },
  { method: "POST", path: "/linly.v1.Stage/Generate", idempotent: false, purpose: "work", streams: false },
];

/**
 * The simulator in the place of an engine, with that engine's port and routes, so that callers and rules need not know.
 *
 * Sources: services/simulator (`/readyz`, `/metrics`, `DRAIN_TIME`, `PORT`; it answers every path in the same way, as a
 * WebSocket or by gRPC where it is asked, and has names for a few so that there is something of every kind to ask for). It takes new
 * connections for three seconds after SIGTERM by itself. Its image is built here (Containerfile) and lies where the stack says. It
 * reads no model; a volume is mounted all the same, as it would be for the engine.
 */
export function simulated({ port, protocol, routes, showsPages, webSockets }: Engine): Engine {
  return {
    name: simulator,
    image: undefined,
    user: undefined,
    port,
    protocol,
    routes: [...routes, ...own, ...(protocol === "grpc" ? ownByGrpc : [])],
    showsPages,
    probes: { startup: "/readyz", readiness: "/readyz" },
    metrics: { path: "/metrics", port },
    measuresRequests: true,
    webSockets,
    calls: true,
    startupSeconds: 120,
    longestRequestSeconds: 30,
    preStopSeconds: 0,
    gpuMemory: undefined,
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } },
    scratch: [{ path: "/tmp", sizeLimit: "64Mi", medium: "disk" }],
    env: {},
    args: [],
    reserved: { env: [], args: [] },
    model: { path: "/models", layout: "anything", env: {}, args: [] },
    egress: [],
  };
}
