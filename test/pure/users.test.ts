import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { userAlerts } from "../../components/observability/user-alerts.ts";
import { unseenKeys } from "../../components/security/unseen-keys.ts";
import { openPathsOf, tokensTaken, usersLetIn } from "../../components/security/user-access.ts";
import { ingressRoutes } from "../../components/traffic/ingress-routes.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { users as schema } from "../../config/schema/users.ts";
import { standing } from "../../services/standing.ts";
import { newKey } from "../support/tokens.ts";

const gateway = { istio: "ingress" };
const google = {
  issuer: "https://accounts.google.com",
  audiences: ["client.apps.googleusercontent.com"],
  jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
};
const rsa = newKey("r1", "RS256");
const ec = newKey("e1", "ES256");
const inline = { issuer: "https://id.example.com/", audiences: ["web", "app"], jwks: { keys: [rsa.jwk, ec.jwk] } };

function mesh(users: unknown, more: object = {}) {
  return {
    mode: "chain",
    pipeline: ["llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1" }] } },
    ingress: users === undefined ? {} : { users },
    ...more,
  };
}

const faults = (users: unknown, more: object = {}) =>
  checkMesh(mesh(users, more)).faults.map(({ path, message }) => `${path} ${message}`);

describe("tokens that are taken", () => {
  test("a rule for each issuer, the header named, the token ending at the gateway", () => {
    const spec = tokensTaken(schema.parse({ issuers: [google, inline] }), gateway);
    const rest = { fromHeaders: [{ name: "authorization", prefix: "Bearer " }], forwardOriginalToken: false };
    expect(spec).toEqual({
      selector: { matchLabels: gateway },
      jwtRules: [
        { ...google, ...rest },
        { ...inline, jwks: JSON.stringify(inline.jwks), ...rest },
      ],
    });
  });

  test("keys as text are the same as keys as a mapping", () => {
    const text = JSON.stringify(inline.jwks, undefined, 2);
    const [asText, asMapping] = [text, inline.jwks].map((jwks) =>
      tokensTaken(schema.parse({ issuers: [{ ...inline, jwks }] }), gateway),
    );
    expect(asText).toEqual(asMapping);
  });

  test.each([
    [undefined, [{ name: "authorization", prefix: "Bearer " }]],
    [{ name: "x-goog-iap-jwt-assertion" }, [{ name: "x-goog-iap-jwt-assertion" }]],
    [{ name: "authorization", prefix: "JWT " }, [{ name: "authorization", prefix: "JWT " }]],
  ])("from the header %j", (header, expected) => {
    const users = schema.parse({ issuers: [google], header });
    expect(tokensTaken(users, gateway).jwtRules?.map(({ fromHeaders }) => fromHeaders)).toEqual([expected]);
  });
});

describe("who is let in", () => {
  const from = [{ source: { requestPrincipals: ["https://accounts.google.com/*", "https://id.example.com//*"] } }];

  test("any user of the issuers, and nothing else where no path is open", () => {
    const users = schema.parse({ issuers: [google, inline], openPaths: [] });
    expect(usersLetIn(users, [], gateway, false)).toEqual({
      selector: { matchLabels: gateway },
      action: "ALLOW",
      rules: [{ from }],
    });
  });

  test("and whoever comes by the port that leads to TLS", () => {
    const users = schema.parse({ issuers: [google, inline], openPaths: [] });
    expect(usersLetIn(users, [], gateway, true).rules).toEqual([{ from }, { to: [{ operation: { ports: ["80"] } }] }]);
  });

  test("by claims, each of which must hold, and by open paths for whoever reads", () => {
    const claims = { hd: ["example.com"], "[realm_access][roles]": ["talk", "admin"] };
    const users = schema.parse({ issuers: [google, inline], claims });
    expect(usersLetIn(users, ["/readyz", "/a/*"], gateway, false).rules).toEqual([
      {
        from,
        when: [
          { key: "request.auth.claims[hd]", values: ["example.com"] },
          { key: "request.auth.claims[realm_access][roles]", values: ["talk", "admin"] },
        ],
      },
      { to: [{ operation: { methods: ["GET", "HEAD"], paths: ["/readyz", "/a/*"] } }] },
    ]);
  });

  const acme = "/.well-known/acme-challenge/*";
  test.each([
    ["asr" as const, "simulator" as const, undefined, ["/readyz", acme]],
    ["asr" as const, "simulator" as const, "/ready?deep=1", ["/ready", acme]],
    ["webui" as const, "linly-talker" as const, undefined, [acme]],
  ])("%s of %s with the readiness path %s leaves open %j", (stage, engine, readinessPath, expected) => {
    const users = schema.parse({ issuers: [google] });
    expect(openPathsOf(users, { stage: standing(stage, engine), service: { readinessPath } })).toEqual(expected);
  });
});

test("testers by a claim: their routes ask for it, and no other route does", () => {
  const entry = { name: "asr", versions: [{ name: "v1", weight: 100 }] };
  const routes = (claim?: { name: string; value: string }) =>
    ingressRoutes({ entry, host: "h", testers: { header: "x-v", claim } }).map(({ name, match = [] }) => [
      name,
      ...match.map(({ headers = {} }) => headers["@request.auth.claims[groups][name]"]),
    ]);
  expect(routes({ name: "[groups][name]", value: "testers" })).toEqual([
    ["tester-v1", { exact: "testers" }],
    ["tester", { exact: "testers" }],
    ["by-weight"],
  ]);
  expect(routes()).toEqual([["tester-v1", undefined], ["tester", undefined], ["by-weight"]]);
});

describe("in a stack file", () => {
  test("anyone comes in unless said", () => {
    expect(parseMesh(mesh(undefined), "s").ingress.users).toBeUndefined();
    expect(parseMesh(mesh({ issuers: [google] }), "s").ingress.users).toEqual({
      issuers: [google],
      claims: {},
      header: { name: "authorization" },
      openPaths: ["/.well-known/acme-challenge/*"],
      forwardOriginalToken: false,
    });
  });

  const issuer = (change: object) => ({ issuers: [{ ...google, ...change }] });
  const keys = (...list: object[]) => issuer({ jwksUri: undefined, jwks: { keys: list } });
  const path = "ingress.users.issuers[0]";
  test.each<[string, unknown, string]>([
    ["no keys", issuer({ jwksUri: undefined }), `${path} has no keys to check tokens by; name jwksUri`],
    ["both", issuer({ jwks: { keys: [rsa.jwk] } }), `${path} has both jwks and jwksUri`],
    [
      "plain text",
      issuer({ jwksUri: "http://id.example.com/keys" }),
      `${path}.jwksUri "http://id.example.com/keys" is not an https:// address`,
    ],
    ["no audience", issuer({ audiences: [] }), `${path}.audiences [] is empty; a token for anybody else's`],
    ["an empty audience", issuer({ audiences: [""] }), `${path}.audiences[0] "" is empty`],
    ["an issuer for all", issuer({ issuer: "*" }), `${path}.issuer "*" is not an issuer`],
    [
      "an issuer twice",
      { issuers: [google, google] },
      'ingress.users.issuers[1].issuer "https://accounts.google.com" is there twice',
    ],
    [
      "Google's short name",
      issuer({ issuer: "accounts.google.com" }),
      `${path}.issuer is "accounts.google.com", but Google's tokens name`,
    ],
    ["no issuer", { issuers: [] }, "ingress.users.issuers [] is empty"],
    ["keys that are none", issuer({ jwksUri: undefined, jwks: "<html>" }), `${path}.jwks must be a JWKS`],
    ["a set without keys", keys(), `${path}.jwks must hold at least one key`],
    ["a key without a name", keys({ ...rsa.jwk, kid: undefined }), `${path}.jwks keys[0] has no kid`],
    ["a name twice", keys(rsa.jwk, { ...ec.jwk, kid: "r1" }), `${path}.jwks two keys have the kid "r1"`],
    [
      "a key of nothing",
      keys({ kty: "RSA", kid: "x" }),
      `${path}.jwks keys[0] (kid "x") cannot be read as a public key`,
    ],
    [
      "a curve of others",
      keys({ ...ec.jwk, crv: "secp256k1", alg: undefined }),
      `${path}.jwks keys[0] (kid "e1") cannot be read`,
    ],
    ["padded numbers", keys({ ...ec.jwk, x: `${ec.jwk.x}=` }), `${path}.jwks keys[0] (kid "e1") cannot be read`],
    [
      "a key to encrypt by",
      keys({ ...rsa.jwk, alg: "RSA-OAEP" }),
      `${path}.jwks keys[0] (kid "r1") is no key by which Envoy checks signatures (alg "RSA-OAEP")`,
    ],
    [
      "a key of another use",
      keys({ ...rsa.jwk, alg: undefined, use: "enc" }),
      `${path}.jwks keys[0] (kid "r1") is no key`,
    ],
    ["an algorithm of another curve", keys({ ...ec.jwk, alg: "ES384" }), `${path}.jwks keys[0] (kid "e1") is no key`],
    ["claims of no value", { issuers: [google], claims: { hd: [] } }, "ingress.users.claims.hd [] is empty"],
    [
      "a claim that is no text",
      { issuers: [google], claims: { email_verified: [true] } },
      "ingress.users.claims.email_verified[0] true is not a text",
    ],
    [
      "a claim by pattern",
      { issuers: [google], claims: { email: ["*example.com"] } },
      'ingress.users.claims.email[0] "*example.com" is not a value in full',
    ],
    ["everything open", { issuers: [google], openPaths: ["/*"] }, 'ingress.users.openPaths[0] "/*" is not a path'],
    ["half a name open", { issuers: [google], openPaths: ["/he*"] }, 'ingress.users.openPaths[0] "/he*" is not a path'],
    [
      "a path upwards",
      { issuers: [google], openPaths: ["/a/../b"] },
      'ingress.users.openPaths[0] "/a/../b" is not a path',
    ],
    ["a key of its own", { issuers: [google], tokens: 1 }, "ingress.users.tokens is an unknown key"],
  ])("%s is a fault", (_, wrong, expected) => {
    expect(faults(wrong)).toEqual([expect.stringContaining(expected)]);
  });

  test("all faults are told at once", () => {
    const found = faults({
      issuers: [{ issuer: "i", audiences: [], jwksUri: "http://x" }, google, { ...google, jwks: 3 }],
    });
    expect(found.map((fault) => fault.split(" ")[0])).toEqual([
      "ingress.users.issuers[0].audiences",
      "ingress.users.issuers[0].jwksUri",
      "ingress.users.issuers[2].jwks",
      "ingress.users.issuers[2]",
      "ingress.users.issuers[2].issuer",
    ]);
  });

  test("no key to sign with gets by, and none is repeated in its fault", () => {
    const secret = rsa.privateKey.export({ format: "jwk" });
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
    const shared = { kty: "oct", kid: "s", k: Buffer.from("a shared secret").toString("base64url") };
    const wrong = keys({ ...secret, kid: "p" }, shared, { ...short, kid: "w" });
    const told = faults(wrong);
    expect(told).toEqual([
      expect.stringContaining('keys[0] (kid "p") holds members of a private or shared key (d, p, q, dp, dq, qi)'),
      expect.stringContaining('keys[1] (kid "s") holds members of a private or shared key (k)'),
      expect.stringContaining('keys[2] (kid "w") has 1024 bits'),
    ]);
    for (const value of [secret.d ?? "", secret.p ?? "", shared.k]) expect(told.join()).not.toContain(value);
    const asText = issuer({ jwksUri: undefined, jwks: JSON.stringify({ keys: [{ ...secret, kid: "p" }] }) });
    expect(faults(asText)).toEqual([expect.stringContaining("holds members of a private or shared key")]);
  });

  test("testers by a claim need users", () => {
    const pins = { testers: { claim: { name: "groups", value: "testers" } } };
    expect(faults(undefined, { pins })).toEqual([expect.stringContaining("pins.testers.claim is held by nobody")]);
    expect(faults({ issuers: [google] }, { pins })).toEqual([]);
  });
});

describe("keys that do not come", () => {
  const parsed = (users: unknown, more: object = {}) => parseMesh(mesh(users, more), "s");
  const withoutPrometheus = {
    addons: { prometheus: { install: false }, grafana: { install: false } },
    telemetry: { alerts: { latency: { enabled: false }, errors: { enabled: false } } },
  };

  test.each<[string, object, string[]]>([
    ["keys that are written down", parsed({ issuers: [inline] }, withoutPrometheus), []],
    ["keys that are fetched, and somebody who judges", parsed({ issuers: [google] }), []],
    ["nobody who judges", parsed({ issuers: [google] }, withoutPrometheus), ["nobody tells"]],
    [
      "no internet",
      parsed({ issuers: [google] }, { airGap: { registry: "m.example.com", charts: { folder: "c" } } }),
      ["istiod fetches the keys of users' tokens from www.googleapis.com itself"],
    ],
  ])("%s", (_, config, expected) => {
    const told = unseenKeys(parseMesh(config, "s"));
    expect(told).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  test("an alert for what istiod fetches, and one for what the gateway refuses", () => {
    const names = (users: unknown) => userAlerts(parsed(users).ingress.users).map(({ alert }) => alert);
    expect(names(undefined)).toEqual([]);
    expect(names({ issuers: [inline] })).toEqual(["UserTokensRefused"]);
    expect(names({ issuers: [google, inline] })).toEqual([
      "UserKeysNotFetched",
      "ListenersRejected",
      "UserTokensRefused",
    ]);
  });
});
