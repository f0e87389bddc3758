import type { UsersConfig } from "../../config/schema.ts";
import type { AlertRule } from "./alerts.ts";

/**
 * How often istiod tries before it gives up on a key set for a while: eight times, a second apart
 * (`networkFetchRetryCountOnRefreshFlow` in its jwks_resolver.go). What a second try made good is less.
 */
const triesOfOneRound = 8;

/** Spans of the two alerts. Istiod asks again with each change of the mesh, or else after a minute and up to an hour. */
const fetchSpan = "30m";
const refusalSpan = "10m";

/** Fewer requests in the span are no ground for a judgement. */
const leastRequests = 20;

/** What tells that users are kept out who should come in; nothing where no token is read. */
export function userAlerts(users: UsersConfig | undefined): AlertRule[] {
  if (users === undefined) return [];
  const fetched = users.issuers.flatMap(({ jwksUri }) => jwksUri ?? []);
  return [...(fetched.length === 0 ? [] : [keysNotFetched(fetched), listenersRejected(fetched)]), tokensRefused];
}

function keysNotFetched(uris: readonly string[]): AlertRule {
  return {
    alert: "UserKeysNotFetched",
    expr: `sum(${within("pilot_jwks_resolver_network_fetch_fail_total", fetchSpan)}) >= ${triesOfOneRound}`,
    labels: { severity: "critical" },
    annotations: {
      summary: "istiod cannot fetch the keys by which users' tokens are checked",
      description:
        `It asks ${uris.join(" and ")}. Keys that it had it keeps for a week, unless it restarts; without any, ` +
        "the gateway refuses every token of that issuer.",
    },
  };
}

/** Istiod passes on whatever it was served, and an Envoy takes no listener with keys that are none. */
function listenersRejected(uris: readonly string[]): AlertRule {
  return {
    alert: "ListenersRejected",
    expr: `sum(${within('pilot_total_xds_rejects{type="lds"}', fetchSpan)}) > 0`,
    labels: { severity: "critical" },
    annotations: {
      summary: "a gateway or sidecar refuses the listeners that istiod tells it",
      description:
        "It goes on with those of before, and one that starts anew does not become ready. Its log says why; with " +
        `users' keys, ${uris.join(" or ")} serves something else (docs/users.md).`,
    },
  };
}

/** Keys that are outdated, tokens that are tried: only the gateway shows it, where the two meet. */
const tokensRefused: AlertRule = {
  alert: "UserTokensRefused",
  expr: [
    `sum(${counted("denied")}) / (sum(${counted("denied")}) + (sum(${counted("allowed")}) or vector(0))) > 0.5`,
    `and sum(${counted("denied")}) >= ${leastRequests}`,
  ].join("\n"),
  labels: { severity: "critical" },
  annotations: {
    summary: "the gateway refuses the tokens of {{ $value | humanizePercentage }} of all requests",
    description:
      `More than half of the requests of the last ${refusalSpan} came with a token that is not genuine to the gateway: ` +
      "somebody tries tokens, clients have outdated ones, or the keys are not the issuer's of now (docs/users.md).",
  },
};

function counted(outcome: "allowed" | "denied"): string {
  return within(`envoy_http_jwt_authn_${outcome}`, refusalSpan);
}

/** By how much a counter grew. One that is new counts in full: it began at 0, which nobody saw. */
function within(counter: string, span: string): string {
  return `(${counter} unless ${counter} offset ${span}) or increase(${counter}[${span}])`;
}
