import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Program } from "../engine/index.ts";
import type { StackFile } from "./stack-file.ts";

export const projectName = "linly-mesh";

/** The folder of this project: of the Pulumi program, its stacks and the lab's files. */
export const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));

/** Whether what is told of a stack names the cluster of each line. */
export function severalClusters({ mesh }: StackFile): { severalClusters: boolean } {
  return { severalClusters: mesh.clusters.length > 1 };
}

/** The Pulumi program as the engine runs it for one stack. */
export function programOf({ stack, config, secretKeys }: StackFile): Program {
  return { dir: projectDir, project: projectName, stack, config, secretKeys: [...secretKeys] };
}
