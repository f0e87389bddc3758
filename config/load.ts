import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "./faults.ts";
import { parseMesh } from "./parse.ts";
import type { MeshConfig } from "./schema.ts";

/** The one key of a stack file that this program reads. */
export const configKey = "mesh";

/**
 * The configuration of the current stack.
 *
 * @throws pulumi.RunError with every fault of the stack file, before any resource is registered
 */
export function loadMesh(): MeshConfig {
  const source = `stacks/Pulumi.${pulumi.getStack()}.yaml`;
  try {
    return parseMesh(new pulumi.Config().getObject<unknown>(configKey), source);
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
