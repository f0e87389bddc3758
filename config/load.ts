import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type Fault } from "./faults.ts";
import { parseMesh } from "./parse.ts";
import type { MeshConfig } from "./schema.ts";
import type { Secrets } from "./schema/secrets.ts";
import { secretFaults, secretReferences } from "./secret-references.ts";

/** The keys of a stack file that this program reads. */
const meshKey = "mesh";
const secretsKey = "secrets";

/**
 * The configuration of the current stack.
 *
 * @throws pulumi.RunError with every fault of the stack file, before any resource is registered
 */
export function loadMesh(): MeshConfig {
  return asRunError(() => parseMesh(new pulumi.Config().getObject<unknown>(meshKey), stackFile()));
}

/**
 * The secrets of the current stack, by name, never in clear.
 *
 * @throws pulumi.RunError, once the output resolves, when the mesh refers to a secret that is not there
 */
export function loadSecrets(mesh: MeshConfig): pulumi.Output<Secrets> {
  const secrets = new pulumi.Config().getSecretObject<Secrets>(secretsKey) ?? pulumi.output<Secrets>({});
  return secrets.apply((known) =>
    asRunError(() => {
      const faults: Fault[] = secretFaults(secretReferences(mesh), Object.keys(known));
      if (faults.length > 0) throw new ConfigError(stackFile(), faults);
      return known;
    }),
  );
}

function stackFile(): string {
  return `stacks/Pulumi.${pulumi.getStack()}.yaml`;
}

/** Pulumi shows a RunError as its message alone. */
function asRunError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
