import { checkMesh } from "../../config/parse.ts";

/** Meshes of several clusters as a user would write them, for tests of what is said of them. */

/** A cluster that is whole but for what a test says otherwise of it. */
export function clusterNamed(name: string, more: object = {}): Record<string, unknown> {
  return { name, context: name, network: name, region: `cn-${name}`, apiServer: `https://${name}:6443`, ...more };
}

/** A simulated stage: one version, or what is said otherwise. */
export function simulated(stage: string, more: object = {}): Record<string, unknown> {
  return { engine: "simulator", versions: [{ name: "v1", weight: 100, image: `x/${stage}:1` }], ...more };
}

/** A version with this image and weight. */
export function versionNamed(name: string, weight: number, more: object = {}): Record<string, unknown> {
  return { name, weight, image: `x/${name}:1`, ...more };
}

export function meshOf(more: object = {}, services: object = {}): Record<string, unknown> {
  return {
    mode: "chain",
    pipeline: ["asr", "llm"],
    topology: "multi-primary",
    clusters: [clusterNamed("north"), clusterNamed("east")],
    istio: { charts: { folder: "charts" }, ca: "certManager" },
    telemetry: { alerts: { latency: { enabled: false }, errors: { enabled: false } } },
    services: { asr: simulated("asr"), llm: simulated("llm"), ...services },
    ...more,
  };
}

/** Every fault of a mesh, a line each. */
export function faultsOf(raw: unknown): string[] {
  return checkMesh(raw).faults.map(({ path, message }) => `${path}: ${message}`);
}
