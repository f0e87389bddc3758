import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Program } from "../engine/index.ts";
import type { StackFile } from "./stack-file.ts";

export const projectName = "linly-mesh";

/** The folder of this project: of the Pulumi program, its stacks and the lab's files. */
export const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Pulumi program as the engine runs it for one stack. */
export function programOf({ stack, config, secretKeys }: StackFile): Program {
  return { dir: projectDir, project: projectName, stack, config, secretKeys: [...secretKeys] };
}
