import type { KubernetesObject } from "./model/object.ts";
import type { ValueObject } from "./model/values.ts";

/** What a rule finds wrong with one object. */
export interface Finding {
  readonly object: KubernetesObject;
  /** What was found, and what to write instead. */
  readonly message: string;
}

interface Described {
  /** Name of the policy, by which its level is set. */
  readonly name: string;
  /** What the rule asks, in one sentence. */
  readonly description: string;
  /** What happens to traffic where the rule is broken, and why nothing else reports it. */
  readonly why: string;
  /** Level without any configuration: `mandatory` stops a preview and an update. */
  readonly level: "mandatory" | "advisory";
  /** The kinds it looks at, `group/Kind`; no group for Kubernetes' own core kinds. */
  readonly kinds: readonly string[];
  /** Set for a rule that holds in production only; what that is, `production` of its configuration says. */
  readonly onlyIn?: "production";
  /** Objects that break the rule, and the whole message that this gives. */
  readonly bad: { readonly objects: readonly ValueObject[]; readonly message: string };
  /** The same put right. */
  readonly good: readonly ValueObject[];
}

/** A rule that judges each object by itself. */
export interface ObjectRule extends Described {
  readonly scope: "object";
  check(object: KubernetesObject): Finding[];
}

/** A rule that judges an object by the others of its cluster. */
export interface StackRule extends Described {
  readonly scope: "stack";
  /** `objects` are those of one cluster that are of the rule's kinds. */
  check(objects: readonly KubernetesObject[]): Finding[];
}

export type Rule = ObjectRule | StackRule;
