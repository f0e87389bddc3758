import { effectOf, narrows, partsOf } from "../model/authorization.ts";
import { authorizationPolicy } from "../model/example.ts";
import { meeting, scopeOf } from "../model/labels.ts";
import { at, hasUnknown, listAt, unknown } from "../model/values.ts";
import type { Value } from "../model/values.ts";
import type { StackRule } from "../rule.ts";

/** Whether a rule admits only certain methods or paths. */
function isPartial(rule: Value): boolean {
  return partsOf(rule, "to", "operation").every(
    (operation) => narrows(listAt(operation, "methods")) || narrows(listAt(operation, "paths")),
  );
}

/** Who a rule admits, as text: rules for distinct callers are a design, not an oversight. */
function callersOf(rule: Value): string {
  return JSON.stringify([at(rule, "from") ?? "anyone", at(rule, "when") ?? "always"]);
}

const upload = [{ operation: { methods: ["POST"], paths: ["/api/v1/models/upload"] } }];
const uploaders = ["cluster.local/ns/admin/sa/model-uploader"];
const selector = { matchLabels: { app: "tts-service" } };

export const allowNotAlone: StackRule = {
  name: "allow-not-alone",
  scope: "stack",
  description: "An ALLOW for certain methods or paths does not by accident refuse all other requests.",
  why:
    "As soon as one ALLOW applies to a workload, whatever no ALLOW admits gets 403. An ALLOW meant to protect one " +
    "operation thus cuts off every other caller and path.",
  level: "mandatory",
  kinds: ["security.istio.io/AuthorizationPolicy"],
  bad: {
    objects: [
      authorizationPolicy("upload", {
        selector,
        action: "ALLOW",
        rules: [{ from: [{ source: { principals: uploaders } }], to: upload }],
      }),
    ],
    message:
      "AuthorizationPolicy linly/upload: is the only ALLOW for its workloads and admits certain methods or paths alone, " +
      "so every other request gets 403: to protect these only, write action: DENY with notPrincipals; to let others in, " +
      "add a rule for them; if all else shall be refused, say so by an AuthorizationPolicy with spec: {} in the namespace",
  },
  good: [
    authorizationPolicy("upload", {
      selector,
      action: "DENY",
      rules: [{ from: [{ source: { notPrincipals: uploaders } }], to: upload }],
    }),
  ],
  check(objects) {
    const effects = objects.map(effectOf);
    if (effects.includes(unknown)) return [];
    const allows = objects.filter((_, index) => effects[index] === "ALLOW");
    const meetingAllows = meeting(allows);
    return allows
      .filter((policy) => {
        const scope = scopeOf(policy);
        if (scope === undefined || listAt(policy.spec, "rules").length === 0) return false;
        const others = meetingAllows(scope);
        if (others.some((other) => other.scope === undefined || hasUnknown(at(other.policy.spec, "rules"))))
          return false;
        // One without rules refuses everything: being closed is meant.
        if (others.some(({ policy: { spec } }) => listAt(spec, "rules").length === 0)) return false;
        const rules = others.flatMap(({ policy: { spec } }) => listAt(spec, "rules"));
        return rules.every(isPartial) && new Set(rules.map(callersOf)).size === 1;
      })
      .map((object) => ({
        object,
        message:
          "is the only ALLOW for its workloads and admits certain methods or paths alone, so every other request gets " +
          "403: to protect these only, write action: DENY with notPrincipals; to let others in, add a rule for them; " +
          "if all else shall be refused, say so by an AuthorizationPolicy with spec: {} in the namespace",
      }));
  },
};
