import { serviceName } from "../../services/stage.ts";
import type { StandingStage } from "../../services/standing.ts";
import type { AuthorizationPolicySpec, Operation, Rule } from "../istio/generated/authorization-policy.ts";
import { adminOnly, type AccessRule, type Identity, type Opening } from "./service-access.ts";

/** Who may do what, as AuthorizationPolicies say it. */

/** A workload's name in its certificate, without `spiffe://`. */
export function principalOf(trustDomain: string, { namespace, serviceAccount }: Identity): string {
  return `${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/**
 * All that a stage lets in, in one policy: of two that are made one after the other the first would refuse what the second
 * one lets in.
 */
export function allowSpec(
  stage: StandingStage,
  rules: readonly AccessRule[],
  trustDomain: string,
): AuthorizationPolicySpec {
  const byOpening = Map.groupBy(rules, ({ opening }) => JSON.stringify(opening));
  return {
    selector: selectorOf(stage),
    action: "ALLOW",
    rules: [...byOpening.values()].flatMap((alike): Rule[] => {
      const [first] = alike;
      if (first === undefined) return [];
      const principals = alike.map(({ who }) => principalOf(trustDomain, who));
      const to = operationsOf(first.opening, stage.engine.port).map((operation) => ({ operation }));
      return [{ from: [{ source: { principals } }], to }];
    }),
  };
}

/** The second wall: what only the uploader may ask for is refused to everybody else, whoever lets them in. */
export function denySpec(stage: StandingStage, uploader: Identity, trustDomain: string): AuthorizationPolicySpec {
  // Without a port the rule would hold for ports that are not HTTP too, and refuse all that comes there.
  const ports = [String(stage.engine.port)];
  return {
    selector: selectorOf(stage),
    action: "DENY",
    rules: [
      {
        from: [{ source: { notPrincipals: [principalOf(trustDomain, uploader)] } }],
        to: adminOnly(stage).map(({ method, paths }) => ({
          operation: { ports, ...(method !== undefined && { methods: [method] }), paths },
        })),
      },
    ],
  };
}

function selectorOf(stage: StandingStage) {
  return { matchLabels: { app: serviceName(stage) } };
}

function operationsOf(opening: Opening, port: number): Operation[] {
  const ports = [String(port)];
  if ("connections" in opening) return [{ ports }];
  if ("anyPathBut" in opening) return [{ ports, notPaths: [...opening.anyPathBut] }];
  const byMethod = Map.groupBy(opening.routes, ({ method }) => method);
  return [...byMethod].map(([method, routes]) => ({
    ports,
    methods: [method],
    paths: routes.map(({ path }) => path),
  }));
}
