import type { Engine } from "../engine.ts";

/** The name by which a stack file asks for the simulator. */
export const simulator = "simulator";

/**
 * The simulator in the place of an engine, with that engine's port and routes, so that callers and rules need not know.
 *
 * Sources: services/simulator (`/readyz`, `/metrics`, `DRAIN_TIME`, `PORT`; it answers every path, as a WebSocket where it is asked). It takes new connections
 * for a second after SIGTERM by itself. Its image is built here (Containerfile) and lies where the stack says. It reads
 * no model; a volume is mounted all the same, as it would be for the engine.
 */
export function simulated({ port, protocol, routes, webSockets }: Engine): Engine {
  return {
    name: simulator,
    image: undefined,
    user: undefined,
    port,
    protocol,
    routes,
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
