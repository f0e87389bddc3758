import { effectOf } from "../model/authorization.ts";
import { authorizationPolicy } from "../model/example.ts";
import { meeting, scopeOf, shareOf } from "../model/labels.ts";
import type { Scope, Scoped, Share } from "../model/labels.ts";
import type { KubernetesObject } from "../model/object.ts";
import { admittedBy, isAboutAllWithoutToken, isAboutNoToken } from "../model/tokens.ts";
import { at, entriesAt, hasUnknown, listAt, unknown } from "../model/values.ts";
import type { Value, ValueObject } from "../model/values.ts";
import type { StackRule } from "../rule.ts";

const authenticationKind = "security.istio.io/RequestAuthentication";
const authorizationKind = "security.istio.io/AuthorizationPolicy";
const virtualServiceKind = "networking.istio.io/VirtualService";

/** What an AuthorizationPolicy does to the workloads of a RequestAuthentication. */
interface Lock {
  readonly effect: Value;
  readonly rules: readonly Value[];
  readonly share: Share;
}

/**
 * Undefined where what a policy does there is not known yet.
 *
 * @param policies those that may meet the scope
 */
function locksOf(scope: Scope, policies: readonly Scoped[]): Lock[] | undefined {
  const locks: Lock[] = [];
  for (const { policy, scope: own } of policies) {
    if (own === undefined) return undefined;
    const effect = effectOf(policy);
    if (effect === unknown || hasUnknown(policy.spec)) return undefined;
    locks.push({ effect, rules: listAt(policy.spec, "rules"), share: shareOf(own, scope) });
  }
  return locks;
}

/** Whether nobody passes without a token, but where a policy names who, or to what. */
function isClosed(locks: readonly Lock[]): boolean {
  const whole = locks.filter(({ share }) => share !== "part");
  // What an authorizer of one's own asks for is not told here.
  if (whole.some(({ effect, rules }) => effect === "CUSTOM" && rules.length > 0)) return true;
  if (whole.some(({ effect, rules }) => effect === "DENY" && rules.some(isAboutAllWithoutToken))) return true;
  if (!whole.some(({ effect }) => effect === "ALLOW")) return false;
  const allows = locks.filter(({ effect }) => effect === "ALLOW");
  const admitted = allows.flatMap(({ share, rules }) => rules.flatMap(admittedBy).map((who) => ({ share, who })));
  if (admitted.some(({ share, who }) => share === "all" && who === "anyone")) return false;
  return admitted.length === 0 || admitted.some(({ who }) => who === "token");
}

/** Whether a policy is meant to ask for a token, whether or not it does. */
function asks({ effect, rules }: Lock): boolean {
  return rules.some((rule) => isAboutNoToken(rule) || (effect !== "DENY" && admittedBy(rule).includes("token")));
}

/** Whether requests are told apart by what their tokens claim: those without one have routes, too, or get 404. */
function mayRouteByClaims({ spec }: KubernetesObject): boolean {
  if (at(spec, "http") === unknown) return true;
  return listAt(spec, "http").some(
    (route) =>
      at(route, "match") === unknown ||
      listAt(route, "match").some(
        (match) => mayNameClaims(at(match, "headers")) || mayNameClaims(at(match, "withoutHeaders")),
      ),
  );
}

function mayNameClaims(headers: Value | undefined): boolean {
  return headers === unknown || entriesAt(headers).some(([name]) => name.startsWith("@request.auth.claims"));
}

const requestAuthentication: ValueObject = {
  apiVersion: "security.istio.io/v1",
  kind: "RequestAuthentication",
  metadata: { name: "users", namespace: "linly" },
  spec: { selector: { matchLabels: { app: "webui" } }, jwtRules: [{ issuer: "https://accounts.example.com" }] },
};

const message =
  "no AuthorizationPolicy refuses all requests without a token to the same workloads, so they pass: add one with the same " +
  'selector, action: DENY and rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }]; what stays open to anyone ' +
  "is named there, by notPaths, notMethods or notHosts";

export const jwtRequired: StackRule = {
  name: "jwt-required",
  scope: "stack",
  description: "Where a RequestAuthentication says which tokens are right, an AuthorizationPolicy asks for one.",
  why: "RequestAuthentication refuses wrong tokens only. A request without any token passes: the door looks locked and is open.",
  level: "mandatory",
  kinds: [authenticationKind, authorizationKind, virtualServiceKind],
  bad: {
    objects: [requestAuthentication],
    message: `RequestAuthentication linly/users: ${message}`,
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
    const ofKind = (wanted: string) => objects.filter(({ kind }) => kind === wanted);
    const optional = ofKind(virtualServiceKind).some(mayRouteByClaims);
    const meetingPolicies = meeting(ofKind(authorizationKind));
    return ofKind(authenticationKind)
      .filter((authentication) => {
        const scope = scopeOf(authentication);
        if (scope === undefined || at(authentication.spec, "jwtRules") === undefined) return false;
        const locks = locksOf(scope, meetingPolicies(scope));
        return locks !== undefined && !isClosed(locks) && (!optional || locks.some(asks));
      })
      .map((object) => ({ object, message }));
  },
};
