import { join } from "node:path";
import { ClusterView } from "../../cli/demo/cluster-view.ts";
import { helmPath } from "../../cli/helm.ts";
import { ingressName } from "../../components/istio/values.ts";
import { projectDir } from "../../cli/project.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { EngineError, tally, up, type Options, type Program, type Result } from "../../engine/index.ts";
import { labStatus, labUp } from "../../lab/lab.ts";
import { localLab, type LabSpec, type LabState } from "../../lab/spec.ts";
import { settled } from "./settled.ts";
import { stackWith } from "./stack.ts";

function progress(line: string): void {
  console.log(line);
}

/** A lab, started when it is not running. */
export function startedLab(spec: LabSpec = localLab): Promise<LabState> {
  return labUp(spec, { projectDir, progress });
}

/** The lab of one cluster: brought up only where something is wrong with it, or it is another checkout's. */
async function runningLab(): Promise<LabState> {
  const lab = await labStatus(localLab.name);
  const isOwn = lab?.kubeconfig === join(projectDir, ".lab", "kubeconfig");
  return isOwn && lab.healthy ? lab : startedLab();
}

/** Applies a stack to the lab; an error comes with what the program logged. */
export async function applied(
  program: Program,
  options: Pick<Options, "signal" | "policyPacks"> = {},
): Promise<Result> {
  const log: string[] = [];
  const begun = performance.now();
  try {
    const result = await up(program, { helm: () => helmPath(progress), ...options }, (event) => {
      if (event.type === "log") log.push(event.text);
      if (event.type === "waiting") log.push(`${event.title}: ${event.reason}`);
    });
    progress(`up: ${tally(result.steps)} in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    throw new EngineError([error instanceof Error ? error.message : String(error), ...log].join("\n"), {
      cause: error,
    });
  }
}

export interface LocalMesh {
  readonly lab: LabState;
  readonly kubeconfig: string;
  readonly view: ClusterView;
  /** Of the ingress gateway. */
  readonly address: string;
  /** Where a request enters that passes the whole pipeline. */
  readonly url: string;
}

/** The `local` stack on the lab, changed as a user would change its file, once all of its proxies know of it. */
export async function localMesh(change?: (mesh: MeshConfig) => MeshConfig): Promise<LocalMesh> {
  const { kubeconfig } = await runningLab();
  await applied(stackWith("local", change));
  await settled(kubeconfig);
  return meshAsItIs();
}

/** The `local` stack as whoever came before has left it, for tests that begin by a change of their own. */
export async function meshAsItIs(): Promise<LocalMesh> {
  const lab = await runningLab();
  const { kubeconfig } = lab;
  const view = new ClusterView(kubeconfig, "local");
  const address = await view.loadBalancerAddress(ingressName, ingressName);
  return { lab, kubeconfig, view, address, url: `http://${address}/v1/audio/transcriptions` };
}
