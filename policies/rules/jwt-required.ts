import { authorizationPolicy } from "../model/example.ts";
import { mayMeet, scopeOf } from "../model/labels.ts";
import type { KubernetesObject } from "../model/object.ts";
import { at, hasUnknown, listAt, textAt } from "../model/values.ts";
import type { Value, ValueObject } from "../model/values.ts";
import type { StackRule } from "../rule.ts";

const authenticationKind = "security.istio.io/RequestAuthentication";
const authorizationKind = "security.istio.io/AuthorizationPolicy";

/** Whether a policy asks who the token of a request names. */
function asksForPrincipal({ spec }: KubernetesObject): boolean {
  return listAt(spec, "rules").some((rule) => {
    const sources = listAt(rule, "from").map((from) => at(from, "source"));
    const bySource = (source: Value | undefined) =>
      listAt(source, "requestPrincipals").length > 0 || listAt(source, "notRequestPrincipals").length > 0;
    const byCondition = (condition: Value) => textAt(condition, "key")?.startsWith("request.auth.") === true;
    return sources.some(bySource) || listAt(rule, "when").some(byCondition);
  });
}

const requestAuthentication: ValueObject = {
  apiVersion: "security.istio.io/v1",
  kind: "RequestAuthentication",
  metadata: { name: "users", namespace: "linly" },
  spec: { selector: { matchLabels: { app: "webui" } }, jwtRules: [{ issuer: "https://accounts.example.com" }] },
};

export const jwtRequired: StackRule = {
  name: "jwt-required",
  scope: "stack",
  description: "Where a RequestAuthentication says which tokens are right, an AuthorizationPolicy asks for one.",
  why: "RequestAuthentication refuses wrong tokens only. A request without any token passes: the door looks locked and is open.",
  level: "mandatory",
  kinds: [authenticationKind, authorizationKind],
  bad: {
    objects: [requestAuthentication],
    message:
      "RequestAuthentication linly/users: no AuthorizationPolicy for the same workloads asks for a token, so a request " +
      "without one passes: add an AuthorizationPolicy with the same selector, action: DENY and " +
      'rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }]',
  },
  good: [
    requestAuthentication,
    authorizationPolicy("users", {
      selector: { matchLabels: { app: "webui" } },
      action: "DENY",
      rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }],
    }),
  ],
  check(objects) {
    const policies = objects.filter(({ kind }) => kind === authorizationKind);
    return objects
      .filter(({ kind }) => kind === authenticationKind)
      .filter((authentication) => {
        const scope = scopeOf(authentication);
        const empty = at(authentication.spec, "jwtRules") === undefined;
        if (scope === undefined || empty) return false;
        return !policies.some((policy) => {
          const other = scopeOf(policy);
          if (other !== undefined && !mayMeet(scope, other)) return false;
          return other === undefined || hasUnknown(at(policy.spec, "rules")) || asksForPrincipal(policy);
        });
      })
      .map((object) => ({
        object,
        message:
          "no AuthorizationPolicy for the same workloads asks for a token, so a request without one passes: " +
          "add an AuthorizationPolicy with the same selector, action: DENY and " +
          'rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }]',
      }));
  },
};
