import { beforeAll, describe, expect, test } from "vitest";
import type { MeshConfig } from "../../config/schema.ts";
import { users } from "../../config/schema/users.ts";
import type { Plan } from "../../engine/index.ts";
import { execute } from "../../engine/program/execute.ts";
import { Redactor } from "../../engine/program/redactor.ts";
import type { Registration } from "../../engine/program/registration.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { planOf, stackWith } from "../support/stack.ts";
import { inOneProcess } from "../support/one-process/runner.ts";
import { newKey } from "../support/tokens.ts";

const selector = { matchLabels: { istio: "ingress" } };

let local: Plan;
let prod: Plan;

beforeAll(async () => {
  [local, prod] = await Promise.all([planOf(stackWith("local")), planOf(stackWith("prod"))]);
});

const atGateway = (plan: Plan, kind: string) =>
  manifests(plan, kind).filter((object) => at(object, "metadata", "namespace") === "istio-ingress");

test("the local stack lets anyone in: it has none of it", () => {
  expect(atGateway(local, "RequestAuthentication")).toEqual([]);
  expect(atGateway(local, "AuthorizationPolicy")).toEqual([]);
});

describe("prod", () => {
  test("takes Google's tokens, of the organisation alone, and lets nobody else in", () => {
    expect(at(stepTitled(prod, "RequestAuthentication istio-ingress/users").inputs, "spec")).toEqual({
      selector,
      jwtRules: [
        {
          issuer: "https://accounts.google.com",
          audiences: ["talk.apps.googleusercontent.com"],
          jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
          fromHeaders: [{ name: "authorization", prefix: "Bearer " }],
          forwardOriginalToken: false,
        },
      ],
    });
    expect(at(stepTitled(prod, "AuthorizationPolicy istio-ingress/users").inputs, "spec")).toEqual({
      selector,
      action: "ALLOW",
      rules: [
        {
          from: [{ source: { requestPrincipals: ["https://accounts.google.com/*"] } }],
          when: [{ key: "request.auth.claims[hd]", values: ["example.com"] }],
        },
        { to: [{ operation: { methods: ["GET", "HEAD"], paths: ["/.well-known/acme-challenge/*"] } }] },
        { to: [{ operation: { ports: ["80"] } }] },
      ],
    });
  });

  test("has no other ALLOW at the gateway, nor one for the whole mesh, that would let more in", () => {
    const reaching = manifests(prod, "AuthorizationPolicy").filter((policy) =>
      ["istio-ingress", "istio-system"].includes(String(at(policy, "metadata", "namespace"))),
    );
    expect(reaching.map((policy) => String(at(policy, "metadata", "name")))).toEqual(["users"]);
  });

  test("has an alert for what istiod cannot fetch, and one for what the gateway refuses", () => {
    const rules = JSON.stringify(stepTitled(prod, "ConfigMap observability/prometheus").inputs);
    for (const name of ["UserKeysNotFetched", "ListenersRejected", "UserTokensRefused"]) {
      expect(rules).toContain(name);
      expect(JSON.stringify(stepTitled(local, "ConfigMap observability/prometheus").inputs)).not.toContain(name);
    }
  });

  test("knows which tokens are genuine before it asks for one, and asks before it listens", async () => {
    const needs = new Map<string, readonly string[]>();
    const silent = () => undefined;
    const about = { program: stackWith("prod"), dryRun: true, redactor: new Redactor(), report: silent };
    await execute(
      { ...about, signal: undefined, env: {}, runner: inOneProcess },
      {
        async register(registration: Registration) {
          const { urn, inputs } = registration;
          needs.set(urn, registration.needs);
          return { id: "", outputs: inputs };
        },
        read: async () => ({}),
      },
    );
    const urnOf = (end: string) => [...needs.keys()].find((urn) => urn.endsWith(end)) ?? "none";
    const tokens = urnOf("security.istio.io/v1:RequestAuthentication::beijing-users");
    const letIn = urnOf("security.istio.io/v1:AuthorizationPolicy::beijing-users");
    expect(needs.get(letIn)).toContain(tokens);
    expect(needs.get(urnOf("networking.istio.io/v1:Gateway::beijing-ingress"))).toContain(letIn);
  });
});

test("keys that are written down go to Istio as they are, and testers are told by their token", async () => {
  const { jwk } = newKey("k", "ES256");
  const plan = await planOf(
    stackWith("local", (mesh: MeshConfig) => ({
      ...mesh,
      ingress: {
        ...mesh.ingress,
        users: users.parse({ issuers: [{ issuer: "i", audiences: ["a"], jwks: { keys: [jwk] } }] }),
      },
      pins: { testers: { header: "x-v", claim: { name: "[realm_access][roles]", value: "tester" } } },
    })),
  );
  const rule = at(stepTitled(plan, "RequestAuthentication istio-ingress/users").inputs, "spec", "jwtRules", 0);
  expect(at(rule, "jwks")).toBe(JSON.stringify({ keys: [jwk] }));
  const http = at(stepTitled(plan, "VirtualService linly/ingress").inputs, "spec", "http");
  const byToken = (Array.isArray(http) ? http : []).filter((route) => String(at(route, "name")).startsWith("tester"));
  expect(byToken.length).toBeGreaterThan(0);
  for (const route of byToken) {
    const matches = at(route, "match");
    for (const match of Array.isArray(matches) ? matches : [])
      expect(at(match, "headers", "@request.auth.claims[realm_access][roles]")).toEqual({ exact: "tester" });
  }
});
