import { kindOf, objectOf } from "../../policies/model/object.ts";
import type { Value, ValueObject } from "../../policies/model/values.ts";
import { messageOf } from "../../policies/policy.ts";
import type { Rule } from "../../policies/rule.ts";

/** What a rule says of manifests, without Pulumi around it. */
export function messagesOf(rule: Rule, manifests: readonly ValueObject[]): string[] {
  const objects = manifests.flatMap((manifest, index) => {
    const kind = kindOf("other:package:Type", () => manifest);
    if (kind === undefined || !rule.kinds.includes(kind)) return [];
    return objectOf(`urn:pulumi:prod::p::t::object-${index}`, kind, manifest);
  });
  const findings = rule.scope === "stack" ? rule.check(objects) : objects.flatMap((object) => rule.check(object));
  return findings.map(messageOf);
}

/** A value with each part of it replaced in turn: `spec.host`, `spec.http`, `spec.http[0]` … */
export function* withEachPart(value: Value, replacement: Value, path = ""): Generator<{ path: string; value: Value }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const part of withEachPart(item, replacement, `${path}[${index}]`)) {
        yield { path: part.path, value: value.with(index, part.value) };
      }
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      for (const part of withEachPart(member, replacement, path === "" ? key : `${path}.${key}`)) {
        yield { path: part.path, value: { ...value, [key]: part.value } };
      }
    }
  }
  if (path !== "") yield { path, value: replacement };
}
