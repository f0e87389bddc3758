import { withinBrackets } from "../../config/schema/claims.ts";
import { jwksText } from "../../config/schema/jwks.ts";
import type { ServiceConfig, UsersConfig } from "../../config/schema.ts";
import type { StandingStage } from "../../services/standing.ts";
import type { AuthorizationPolicySpec, Operation } from "../istio/generated/authorization-policy.ts";
import { userPorts } from "../istio/ports.ts";
import type { RequestAuthenticationSpec } from "../istio/generated/request-authentication.ts";

/** Labels of the pods at which users come in. */
type Selector = Readonly<Record<string, string>>;

/** Which tokens are genuine. One that is not is refused with 401, wherever it is sent; none at all is no fault here. */
export function tokensTaken(users: UsersConfig, gateway: Selector): RequestAuthenticationSpec {
  const { name, prefix = name === "authorization" ? "Bearer " : undefined } = users.header;
  // Named, since a rule that names no place looks into the query parameter `access_token` too.
  const fromHeaders = [{ name, ...(prefix !== undefined && { prefix }) }];
  const { forwardOriginalToken } = users;
  return {
    selector: { matchLabels: { ...gateway } },
    jwtRules: users.issuers.map(({ issuer, audiences, jwks, jwksUri }) => {
      const rule = { issuer, audiences: [...audiences], fromHeaders, forwardOriginalToken };
      return jwks === undefined
        ? { ...rule, ...(jwksUri !== undefined && { jwksUri }) }
        : { ...rule, jwks: jwksText(jwks) };
    }),
  };
}

/**
 * Who is let in: those with a genuine token that holds the claims, anyone to open paths, and nobody else: 403.
 *
 * @param redirects whether users come in by TLS: the port without it then leads them there, and answers authorities that ask
 *   for certificates; nothing else is there
 */
export function usersLetIn(
  { issuers, claims }: UsersConfig,
  open: readonly string[],
  gateway: Selector,
  redirects: boolean,
): AuthorizationPolicySpec {
  const principals = issuers.map(({ issuer }) => `${issuer}/*`);
  const when = Object.entries(claims).map(([claim, values]) => ({
    key: `request.auth.claims[${withinBrackets(claim)}]` as const,
    values: [...values],
  }));
  return {
    selector: { matchLabels: { ...gateway } },
    action: "ALLOW",
    rules: [
      { from: [{ source: { requestPrincipals: principals } }], ...(when.length > 0 && { when }) },
      ...(open.length === 0 ? [] : [{ to: [{ operation: reading(open) }] }]),
      ...(redirects ? [{ to: [{ operation: { ports: [String(userPorts.http)] } }] }] : []),
    ],
  };
}

function reading(paths: readonly string[]): Operation {
  return { methods: ["GET", "HEAD"], paths: [...paths] };
}

/** The paths that stay open: those of the stack file, and the one by which the entry stage says that it is ready. */
export function openPathsOf(
  users: UsersConfig,
  entry: { readonly stage: StandingStage; readonly service: Pick<ServiceConfig, "readinessPath"> },
): string[] {
  const ready = entry.service.readinessPath ?? entry.stage.engine.probes.readiness;
  return [...new Set([...(ready === undefined ? [] : [ready.replace(/[?#].*$/, "")]), ...users.openPaths])];
}
