import type { Fault } from "./faults.ts";
import { suggestion } from "./nearest.ts";
import type { MeshConfig } from "./schema.ts";

/** A place in a stack file that names a secret. */
export interface SecretReference {
  readonly path: string;
  readonly secret: string;
}

/** Every place of a mesh that names a secret of `linly-mesh:secrets`. */
export function secretReferences({ services }: Pick<MeshConfig, "services">): SecretReference[] {
  return Object.entries(services).flatMap(([stage, { versions }]) =>
    versions.flatMap(({ env }, index) =>
      Object.entries(env).flatMap(([variable, value]) =>
        typeof value === "string"
          ? []
          : [{ path: `services.${stage}.versions[${index}].env.${variable}`, secret: value.secret }],
      ),
    ),
  );
}

/** References to secrets that are not there, and secrets that nothing refers to. */
export function secretFaults(references: readonly SecretReference[], names: readonly string[]): Fault[] {
  const missing = references
    .filter(({ secret }) => !names.includes(secret))
    .map(({ path, secret }) => ({
      path,
      message: `${JSON.stringify(secret)} is not in linly-mesh:secrets: ${suggestion(secret, names)}`,
    }));
  const used = new Set(references.map(({ secret }) => secret));
  const unused = names
    .filter((name) => !used.has(name))
    .map((name) => ({ path: `linly-mesh:secrets.${name}`, message: "is used nowhere; remove it" }));
  return [...missing, ...unused];
}
