import { localLab, multiclusterLab, type LabSpec } from "../lab/spec.ts";
import { UsageError } from "./lab-guard.ts";

/** The lab whose clusters each stack names. */
const labs: Readonly<Record<string, LabSpec>> = { local: localLab, "local-multicluster": multiclusterLab };

/**
 * The lab of a stack.
 *
 * @throws UsageError for a stack that has none, with those that have one
 */
export function labOf(stack: string): LabSpec {
  const lab = Object.hasOwn(labs, stack) ? labs[stack] : undefined;
  if (lab !== undefined) return lab;
  throw new UsageError(
    `the stack "${stack}" has no lab on this machine; these have one: ${Object.keys(labs).join(", ")}`,
  );
}

/** The stack for which a lab is there: what to give to `linly-mesh lab up`. */
export function stackOfLab(lab: string): string {
  return Object.entries(labs).find(([, { name }]) => name === lab)?.[0] ?? lab;
}
