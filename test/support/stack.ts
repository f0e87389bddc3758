import { programOf, projectDir } from "../../cli/project.ts";
import { readStackFile, type StackFile } from "../../cli/stack-file.ts";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import type { Event, Plan, Program } from "../../engine/index.ts";
import { dryRun } from "../../engine/preview.ts";
import type { StageName } from "../../services/catalogue.ts";
import { inOneProcess } from "./one-process/runner.ts";

/** A stack file of this repository, its mesh changed as a user would change the file. */
export function stackWith(stack: string, change: (mesh: MeshConfig) => MeshConfig = (mesh) => mesh): Program {
  const file = readStackFile(projectDir, stack);
  const changed: StackFile = { ...file, config: { "linly-mesh:mesh": JSON.stringify(change(file.mesh)) } };
  return programOf(changed);
}

/** The mesh with other weights for one service. A version that `weights` does not name keeps its own. */
export function withWeights(mesh: MeshConfig, stage: StageName, weights: Record<string, number>): MeshConfig {
  return withService(mesh, stage, (service) => ({
    ...service,
    versions: service.versions.map((version) => ({ ...version, weight: weights[version.name] ?? version.weight })),
  }));
}

/** The mesh with one service changed. */
export function withService(
  mesh: MeshConfig,
  stage: StageName,
  change: (service: ServiceConfig) => ServiceConfig,
): MeshConfig {
  const service = mesh.services[stage];
  if (service === undefined) throw new Error(`no service ${stage}`);
  return { ...mesh, services: { ...mesh.services, [stage]: change(service) } };
}

/** The same clusters with a control plane in each. */
export function multiPrimary(mesh: MeshConfig): MeshConfig {
  const clusters = mesh.clusters.map((cluster) => ({ ...cluster, role: undefined, primary: undefined }));
  return { ...mesh, topology: "multi-primary", clusters };
}

const plans = new Map<string, Promise<Plan>>();

/** A preview whose errors come with what the program logged. The same program is previewed once a process. */
export function planOf(program: Program): Promise<Plan> {
  const key = JSON.stringify(program);
  const plan = plans.get(key) ?? previewOf(program);
  plans.set(key, plan);
  return plan;
}

async function previewOf(program: Program): Promise<Plan> {
  const log: string[] = [];
  try {
    const report = (event: Event) => {
      if (event.type === "log" && event.severity === "error") log.push(event.text);
    };
    const { plan } = await dryRun(program, report, {}, inOneProcess);
    return plan;
  } catch (error) {
    throw new Error([error instanceof Error ? error.message : String(error), ...log].join("\n"), { cause: error });
  }
}
