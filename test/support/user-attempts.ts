import type { UsersConfig } from "../../config/schema.ts";
import { users as schema } from "../../config/schema/users.ts";
import type { Decider, HeaderLine } from "./ask.ts";
import { newKey, token, tokenOfConfusion, tokenOfNone, type Claims, type SigningKey } from "./tokens.ts";

/** How one may try to come in at the gateway, rightly and wrongly, and what is to come of it. */

export const issuer = "https://id.example.com";
export const old = newKey("2025", "RS256");
export const fresh = newKey("2026", "ES256");
const stranger = newKey(old.kid, "RS256");
/** Where a request enters that passes the whole pipeline. */
export const work = "/v1/audio/transcriptions";
const acme = "/.well-known/acme-challenge";

/** Claims of a user, in force now: seconds since 1970. */
export function user(more: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000);
  return { iss: issuer, aud: "talk", sub: "ada", iat: now, exp: now + 3600, org: { name: "example" }, ...more };
}

/** What a stack says of users with these keys. */
export function usersWith(keys: readonly SigningKey[], more: Partial<UsersConfig> = {}): UsersConfig {
  const one = { issuer, audiences: ["talk"], jwks: { keys: keys.map(({ jwk }) => jwk) } };
  return { ...schema.parse({ issuers: [one], claims: { "[org][name]": ["example"] } }), ...more };
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

export function bearer(text: string): HeaderLine {
  return ["authorization", `Bearer ${text}`];
}

/** A token that lets a user in, but for what is said otherwise. */
export const good = (key: SigningKey = old, more: Claims = {}) => token(key, user(more));

/** Header lines, made when they are sent: what a token says of time counts from then. */
type Lines = () => readonly HeaderLine[];

export interface Attempt {
  readonly name: string;
  readonly headers: Lines;
  /** Default: a POST to where the pipeline begins. */
  readonly path?: string;
  readonly method?: "GET" | "POST";
  /** Undefined where it is the stage's own affair. */
  readonly status: number | undefined;
  readonly by: Decider;
  /** What is to come of it while anyone may come in. Default: 200. */
  readonly open?: { readonly status?: number; readonly by: Decider };
}

type Rest = Partial<Omit<Attempt, "name" | "headers">>;

function attempt(status: number | undefined, by: Decider) {
  return (name: string, headers: Lines = () => [], rest: Rest = {}): Attempt => ({
    name,
    headers,
    status,
    by,
    ...rest,
  });
}

const accepted = attempt(200, "stage");
const refused = attempt(401, "token");
const forOthers = attempt(403, "token");
const unnamed = attempt(403, "policy");

/** The header with a token of these claims, by this key. */
function having(claims: () => Claims, key = old): Lines {
  return () => [bearer(good(key, claims()))];
}

const wrong: Lines = () => [bearer("ada")];
const right: Lines = () => [bearer(good())];
/** A path that the stage need not know. */
const anywhere = { status: undefined, open: { by: "stage" } } as const;

export const attempts: readonly Attempt[] = [
  accepted("RS256", right),
  accepted("ES256", () => [bearer(good(fresh))]),
  accepted(
    "one audience of several",
    having(() => ({ aud: ["other", "talk"] })),
  ),
  accepted(
    "the claim's value in a list",
    having(() => ({ org: { name: ["other", "example"] } })),
  ),
  accepted(
    "within a minute after it expired",
    having(() => ({ exp: inSeconds(-20) })),
  ),
  accepted(
    "one that never expires",
    having(() => ({ exp: undefined })),
  ),
  // The stage itself takes headers of 16 KiB in all, and never sees the token.
  accepted(
    "a large one",
    having(() => ({ note: "x".repeat(20_000) })),
    { open: { status: 431, by: "stage" } },
  ),

  unnamed("no token"),
  unnamed("another scheme", () => [["authorization", `Basic ${Buffer.from("ada:secret").toString("base64")}`]]),
  unnamed("a token without its scheme", () => [["authorization", good()]]),
  unnamed("a token in another header", () => [["x-token", good()]]),
  unnamed("a token in a cookie", () => [["cookie", `access_token=${good()}; token=${good()}`]]),
  unnamed("a token in the query", undefined, { path: `${work}?access_token=${good()}` }),
  unnamed(
    "no subject",
    having(() => ({ sub: undefined })),
  ),
  unnamed(
    "no claim",
    having(() => ({ org: undefined })),
  ),
  unnamed(
    "another value of the claim",
    having(() => ({ org: { name: "example.org" } })),
  ),
  unnamed(
    "a value that begins like it",
    having(() => ({ org: { name: "examples" } })),
  ),
  unnamed(
    "the claim at the top",
    having(() => ({ org: "example", name: "example" })),
  ),

  refused(
    "expired",
    having(() => ({ exp: inSeconds(-120) })),
  ),
  refused(
    "not yet valid",
    having(() => ({ nbf: inSeconds(120) })),
  ),
  refused(
    "another issuer",
    having(() => ({ iss: "https://id.example.org" })),
  ),
  refused(
    "no issuer",
    having(() => ({ iss: undefined })),
  ),
  forOthers(
    "another audience",
    having(() => ({ aud: "listen" })),
  ),
  forOthers(
    "no audience",
    having(() => ({ aud: undefined })),
  ),
  refused("a stranger's key of the same name", () => [bearer(good(stranger))]),
  refused("a key of an unknown name", () => [bearer(good({ ...old, kid: "2024" }))]),
  refused("the other key's name", () => [bearer(good({ ...old, kid: fresh.kid }))]),
  refused("no algorithm", () => [bearer(tokenOfNone(old, user()))]),
  refused("the public key as a shared secret", () => [bearer(tokenOfConfusion(old, user()))]),
  refused("claims exchanged", () => [bearer(exchanged(good(), good(old, { sub: "eve" })))]),
  refused("no signature", () => [bearer(good().replace(/[^.]*$/, ""))]),
  refused("half a token", () => [bearer(good().slice(0, 80))]),
  refused("no token at all", wrong),
  refused("three empty parts", () => [bearer("..")]),
  attempt(431, "codec")(
    "larger than any",
    having(() => ({ note: "x".repeat(80_000) })),
    {
      open: { status: 431, by: "codec" },
    },
  ),

  refused("a wrong one, a right one in the query", wrong, { path: `${work}?access_token=${good()}` }),
  accepted("a right one, a wrong one in the query", right, { path: `${work}?access_token=ada` }),
  refused("two headers, the second one wrong", () => [...right(), ...wrong()]),
  refused("two headers, the first one wrong", () => [...wrong(), ...right()]),
  refused("two headers, both right", () => [...right(), ...right()]),

  accepted("readiness, without a token", undefined, { path: "/readyz", method: "GET", ...anywhere }),
  refused("readiness, with a wrong token", wrong, { path: "/readyz", method: "GET", open: { by: "stage" } }),
  unnamed("readiness, written to", undefined, { path: "/readyz", open: { by: "stage" } }),
  unnamed("below readiness", undefined, { path: "/readyz/", method: "GET", open: { by: "stage" } }),
  accepted("a challenge", undefined, { path: `${acme}/abc`, method: "GET", ...anywhere }),
  ...["/../../metrics", "/..%2f..%2fmetrics", "/%2e%2e/%2e%2e/metrics", "/..%2F..%2f//metrics"].map((way) =>
    unnamed(`out of the challenges, ${way}`, undefined, {
      path: `${acme}${way}`,
      method: "GET",
      open: { by: "stage" },
    }),
  ),
];

/** A token with another one's claims. */
function exchanged(one: string, other: string): string {
  const [header, , signature] = one.split(".");
  return [header, other.split(".")[1], signature].join(".");
}
