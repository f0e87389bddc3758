import { certManagerArguments, type Arguments } from "../cert-manager-arguments.ts";
import type { Fault } from "../faults.ts";
import { isMapping } from "../mapping.ts";
import { suggestion } from "../nearest.ts";
import type { LenientMesh } from "./lenient.ts";

/** Helm values of cert-manager that its component would leave out without a word. */
export function certManagerValueFaults({ addons: { certManager } }: LenientMesh): Fault[] {
  return Object.entries(certManager.values).flatMap(([key, value]) =>
    lost(value, argumentOf(key), `addons.certManager.values.${key}`),
  );
}

/** What no argument has the name of passes as it is. */
function argumentOf(key: string): true | Arguments {
  const known: Arguments = certManagerArguments;
  return Object.hasOwn(known, key) ? (known[key] ?? true) : true;
}

function lost(value: unknown, known: true | Arguments, path: string): Fault[] {
  if (known === true || !isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const at = `${path}.${key}`;
    if (Object.hasOwn(known, key)) return lost(below, known[key] ?? true, at);
    const message = `is not passed on by Pulumi's component for cert-manager; ${suggestion(key, Object.keys(known))}`;
    return [{ path: at, message }];
  });
}
