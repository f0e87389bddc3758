import { describe } from "vitest";
import { ClusterView } from "../../cli/demo/cluster-view.ts";
import { helmPath } from "../../cli/helm.ts";
import { ingressName } from "../../components/istio/values.ts";
import { projectDir } from "../../cli/project.ts";
import { EngineError, up, type Options, type Program, type Result } from "../../engine/index.ts";
import { labUp } from "../../lab/lab.ts";
import { localLab, type LabState } from "../../lab/spec.ts";
import { missingForLab } from "./requirements.ts";
import { stackWith } from "./stack.ts";

/** A group of tests that needs a lab: skipped, and counted as such, on a machine that cannot have one. */
export const describeOnLab = describe.skipIf(missingForLab() !== undefined);

function progress(line: string): void {
  console.log(line);
}

/** The lab, started when it is not running. */
export function startedLab(): Promise<LabState> {
  return labUp(localLab, { projectDir, progress });
}

/** Applies a stack to the lab; an error comes with what the program logged. */
export async function applied(
  program: Program,
  options: Pick<Options, "signal" | "policyPacks"> = {},
): Promise<Result> {
  const log: string[] = [];
  try {
    return await up(program, { helm: () => helmPath(progress), ...options }, (event) => {
      if (event.type === "log") log.push(event.text);
      if (event.type === "waiting") log.push(`${event.title}: ${event.reason}`);
    });
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

/** The `local` stack on the lab, as its file describes it, and how to look at it. */
export async function localMesh(): Promise<LocalMesh> {
  const lab = await startedLab();
  await applied(stackWith("local"));
  const { kubeconfig } = lab;
  const view = new ClusterView(kubeconfig, "local");
  const address = await view.loadBalancerAddress(ingressName, ingressName);
  return { lab, kubeconfig, view, address, url: `http://${address}/v1/audio/transcriptions` };
}
