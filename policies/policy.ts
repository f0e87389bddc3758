import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { kindOf, objectOf, titleOf } from "./model/object.ts";
import type { KubernetesObject } from "./model/object.ts";
import { valuesOf } from "./model/values.ts";
import { configSchema, isProduction } from "./production.ts";
import type { Finding, ObjectRule, Rule, StackRule } from "./rule.ts";

/** The rule as Pulumi runs it. */
export function policyOf(rule: Rule): ResourceValidationPolicy | StackValidationPolicy {
  const { name, description, level: enforcementLevel } = rule;
  const common = { name, description, enforcementLevel, ...(rule.onlyIn === "production" && { configSchema }) };
  return rule.scope === "object" ? { ...common, ...resourcePolicy(rule) } : { ...common, ...stackPolicy(rule) };
}

function resourcePolicy(rule: ObjectRule): Pick<ResourceValidationPolicy, "validateResource"> {
  return {
    validateResource(args, reportViolation) {
      const object = objectFor(rule, args);
      if (object === undefined) return;
      if (rule.onlyIn === "production" && !isProduction(args.urn, args.getConfig())) return;
      for (const finding of rule.check(object)) reportViolation(messageOf(finding), finding.object.urn);
    },
  };
}

function stackPolicy(rule: StackRule): Pick<StackValidationPolicy, "validateStack"> {
  return {
    validateStack({ resources }, reportViolation) {
      const clusters = Map.groupBy(resources, ({ provider }) => provider?.urn);
      for (const inCluster of clusters.values()) {
        const objects = inCluster.flatMap((resource) => objectFor(rule, resource) ?? []);
        for (const finding of rule.check(objects)) reportViolation(messageOf(finding), finding.object.urn);
      }
    },
  };
}

/** Message of a violation: the object by its name, what was found, what to write. */
export function messageOf({ object, message }: Finding): string {
  return `${titleOf(object)}: ${message}`;
}

function objectFor(
  rule: Rule,
  { type, urn, props }: Pick<PolicyResource, "type" | "urn" | "props">,
): KubernetesObject | undefined {
  const kind = kindOf(type, () => valuesOf(props));
  return kind !== undefined && rule.kinds.includes(kind) ? objectOf(urn, kind, valuesOf(props)) : undefined;
}
