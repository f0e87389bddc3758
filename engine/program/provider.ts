import { EngineFaults } from "../errors.ts";
import type { Json } from "../json.ts";
import { called } from "./registration.ts";
import type { Registration } from "./registration.ts";
import { isUnknown, revealed } from "./values.ts";

/** An explicit provider: the way to one cluster. */
export interface ProviderSpec {
  /** Pulumi's name of the provider: what a run calls the cluster. */
  readonly name: string;
  /**
   * A file, relative to the program, or its content; empty for what kubectl would use. Absent where it is not known yet, which
   * an `up` refuses.
   */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Take over objects that exist already instead of refusing them. */
  readonly upsertExistingObjects: boolean;
  /** Let Patch resources take fields that others manage. */
  readonly enablePatchForce: boolean;
}

const properties = "kubeconfig context enableServerSideApply upsertExistingObjects enablePatchForce version";
/* ConfigMaps and Secrets are written in place as it is, and an unreachable cluster is always an error. */
const withoutEffect =
  "enableConfigMapMutable enableSecretMutable suppressDeprecationWarnings suppressHelmHookWarnings " +
  "deleteUnreachable skipUpdateUnreachable";
const supported = new Set(`${properties} ${withoutEffect}`.split(" "));

export function providerSpec(registration: Registration): ProviderSpec {
  const { inputs, name } = registration;
  const faults = Object.keys(inputs)
    .filter((key) => !supported.has(key))
    .map((key) => `${called(registration)}: property ${key} is not implemented`);
  if (flag(inputs["enableServerSideApply"]) === false) {
    faults.push(`${called(registration)}: enableServerSideApply is false; the engine only applies server-side`);
  }
  if (faults.length > 0) throw new EngineFaults(faults);
  return {
    name,
    kubeconfig: text(inputs["kubeconfig"] ?? ""),
    context: text(inputs["context"]),
    upsertExistingObjects: flag(inputs["upsertExistingObjects"]) ?? false,
    enablePatchForce: flag(inputs["enablePatchForce"]) ?? false,
  };
}

function text(value: Json | undefined): string | undefined {
  if (value === undefined || isUnknown(value)) return undefined;
  const clear = revealed(value);
  return typeof clear === "string" ? clear : undefined;
}

/** The SDK sends a provider's flags as text. */
function flag(value: Json | undefined): boolean | undefined {
  const given = value === undefined ? undefined : revealed(value);
  if (given === true || given === "true") return true;
  return given === false || given === "false" ? false : undefined;
}
