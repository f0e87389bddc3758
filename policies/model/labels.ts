import type { KubernetesObject } from "./object.ts";
import { at, entriesAt, hasUnknown, unknown } from "./values.ts";
import type { Value } from "./values.ts";

/** Whether labels are those that a selector asks for; undefined where that is not known yet. */
export function selects(selector: Value | undefined, labels: Value | undefined): boolean | undefined {
  if (selector === unknown || labels === unknown) return undefined;
  const answers = entriesAt(selector).map(([key, wanted]) => {
    const found = at(labels, key);
    return found === unknown || wanted === unknown ? undefined : found === wanted;
  });
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** The workloads that a policy of Istio's applies to. */
export interface Scope {
  readonly namespace: string;
  /** Labels of its selector: none for every workload of the namespace. */
  readonly labels: readonly [string, Value][];
  /** What it is attached to instead, as text. */
  readonly targets: string | undefined;
}

/** Where Istio's policies hold for every namespace. */
export const rootNamespace = "istio-system";

/** Undefined where the scope is not known yet. */
export function scopeOf({ namespace, spec }: KubernetesObject): Scope | undefined {
  const selector = at(spec, "selector");
  const targets = at(spec, "targetRefs") ?? at(spec, "targetRef");
  if (namespace === undefined || spec === unknown || hasUnknown(selector) || hasUnknown(targets)) return undefined;
  return {
    namespace,
    labels: entriesAt(selector, "matchLabels"),
    targets: targets === undefined ? undefined : JSON.stringify(targets),
  };
}

/** Whether two policies may apply to one and the same workload: nothing in their scopes contradicts it. */
function mayMeet(one: Scope, other: Scope): boolean {
  const namespaces = [one.namespace, other.namespace];
  if (one.namespace !== other.namespace && !namespaces.includes(rootNamespace)) return false;
  if (one.targets !== undefined && other.targets !== undefined) return one.targets === other.targets;
  const labels = new Map(one.labels);
  return other.labels.every(([key, value]) => !labels.has(key) || labels.get(key) === value);
}

/** A policy, and where it applies; undefined where that is not known yet. */
export interface Scoped {
  readonly policy: KubernetesObject;
  readonly scope: Scope | undefined;
}

/**
 * Tells of a scope which of the policies may meet it, with those of which nobody knows yet. Each is compared with those of its
 * own namespace and of the root alone, so that many namespaces cost what their number makes.
 */
export function meeting(policies: readonly KubernetesObject[]): (scope: Scope) => Scoped[] {
  const all = policies.map((policy) => ({ policy, scope: scopeOf(policy) }));
  const byNamespace = Map.groupBy(all, ({ scope }) => scope?.namespace);
  return (wanted) => {
    const namespaces = new Set([wanted.namespace, rootNamespace, undefined]);
    const near =
      wanted.namespace === rootNamespace ? all : [...namespaces].flatMap((name) => byNamespace.get(name) ?? []);
    return near.filter(({ scope }) => scope === undefined || mayMeet(wanted, scope));
  };
}

/** How much of what another applies to a policy does: all, only a part, or perhaps all, where nobody can tell. */
export type Share = "all" | "part" | "perhaps";

/** The share for two that may meet. */
export function shareOf(policy: Scope, other: Scope): Share {
  if ((policy.targets === undefined) !== (other.targets === undefined)) return "perhaps";
  if (covers(policy, other)) return "all";
  return covers(other, policy) ? "part" : "perhaps";
}

/** Whether a policy applies wherever another does. */
function covers(policy: Scope, other: Scope): boolean {
  if (policy.namespace !== other.namespace && policy.namespace !== rootNamespace) return false;
  const labels = new Map(other.labels);
  return policy.labels.every(([key, value]) => labels.get(key) === value);
}
