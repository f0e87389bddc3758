import { lenientMesh } from "./checks/lenient.ts";
import type { Fault } from "./faults.ts";
import { suggestion } from "./nearest.ts";

/** A place in a stack file that names a secret. */
export interface SecretReference {
  readonly path: string;
  readonly secret: string;
}

/** As much of a mesh as names secrets: one that is whole, or as it was written. */
interface Referring {
  readonly services: Readonly<
    Record<string, { readonly versions: readonly { readonly env: Readonly<Record<string, unknown>> }[] }>
  >;
}

/** Every place of a mesh that names a secret of `linly-mesh:secrets`. */
export function secretReferences({ services }: Referring): SecretReference[] {
  return Object.entries(services).flatMap(([stage, { versions }]) =>
    versions.flatMap(({ env }, index) =>
      Object.entries(env).flatMap(([variable, value]) =>
        named(value).map((secret) => ({ path: `services.${stage}.versions[${index}].env.${variable}`, secret })),
      ),
    ),
  );
}

/**
 * The faults of references in a mesh that has others: a part that could not be read may use what seems to be unused.
 *
 * @param raw the mesh as it was written
 */
export function writtenSecretFaults(raw: unknown, names: readonly string[]): Fault[] {
  const mesh = lenientMesh.safeParse(raw);
  return mesh.success ? secretFaults(secretReferences(mesh.data), names, namedWithin(raw, names)) : [];
}

/** References to secrets that are not there, and secrets that nothing refers to. */
export function secretFaults(
  references: readonly SecretReference[],
  names: readonly string[],
  used: readonly string[] = references.map(({ secret }) => secret),
): Fault[] {
  const missing = references
    .filter(({ secret }) => !names.includes(secret))
    .map(({ path, secret }) => ({
      path,
      message: `${JSON.stringify(secret)} is not in linly-mesh:secrets: ${suggestion(secret, names)}`,
    }));
  const unused = names
    .filter((name) => !used.includes(name))
    .map((name) => ({ path: `linly-mesh:secrets.${name}`, message: "is used nowhere; remove it" }));
  return [...missing, ...unused];
}

/** The secret that a reference names; none for what is no reference. */
function named(value: unknown): string[] {
  if (typeof value !== "object" || value === null || !("secret" in value)) return [];
  return typeof value.secret === "string" ? [value.secret] : [];
}

/** Every secret that is named anywhere in a value; what is encrypted may name any of `names`. */
function namedWithin(value: unknown, names: readonly string[]): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("secure" in value) return names;
  return [...named(value), ...Object.values(value).flatMap((inner) => namedWithin(inner, names))];
}
