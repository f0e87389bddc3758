import type { KubernetesObject } from "./object.ts";
import { at, entriesAt, listAt, unknown } from "./values.ts";
import type { Value } from "./values.ts";

/** What Istio takes for yes in an annotation. */
const yes = ["1", "t", "T", "true", "TRUE", "True"];

/**
 * What an AuthorizationPolicy does to requests: its action, of which a dry run does no more than an AUDIT. Unknown where
 * that can't be told yet.
 */
export function effectOf({ metadata, spec }: KubernetesObject): Value {
  const action: Value = at(spec, "action") ?? "ALLOW";
  const dryRun = at(metadata, "annotations", "istio.io/dry-run");
  if (action === unknown || dryRun === unknown) return unknown;
  return yes.some((word) => word === dryRun) ? "AUDIT" : action;
}

/** The sources or the operations of a rule, any of which is enough; one undefined where the rule names none. */
export function partsOf(rule: Value, list: "from" | "to", part: "source" | "operation"): (Value | undefined)[] {
  const parts = listAt(rule, list).map((entry) => at(entry, part));
  return parts.length === 0 ? [undefined] : parts;
}

const everything = ["*", "/*", "/**", "/{**}"];

/** Whether a list narrows what it is about: it is there, and no entry of it stands for everything. */
export function narrows(list: readonly Value[]): boolean {
  return list.length > 0 && !list.some((entry) => everything.some((wide) => wide === entry));
}

/** Whether a source or an operation is about what it names alone, not about all but what it names. */
export function isNarrow(part: Value | undefined): boolean {
  return entriesAt(part).some(([key]) => !key.startsWith("not") && narrows(listAt(part, key)));
}
