import fc from "fast-check";
import type { HeaderLine } from "./ask.ts";
import { isAmbiguous, mayAsk, pathOf } from "./access-oracle.ts";
import { spellings } from "./fuzzed-requests.ts";
import { token, tokenOfConfusion, tokenOfNone, newKey } from "./tokens.ts";
import { bearer, fresh, good, old, user } from "./user-attempts.ts";

/** What a request shows of its user, and what docs/users.md says of it: a user, nobody, or a token that is wrong. */
interface Shown {
  readonly lines: () => readonly HeaderLine[];
  readonly means: "user" | "nobody" | "wrong";
}

const seconds = (from: number) => Math.floor(Date.now() / 1000) + from;
const stranger = newKey(old.kid, "RS256");
const shown = (means: Shown["means"], lines: Shown["lines"]): Shown => ({ means, lines });
const tokenOf = (means: Shown["means"], text: () => string) => shown(means, () => [bearer(text())]);

const kinds: Readonly<Record<string, Shown>> = {
  "a token by RS256": tokenOf("user", () => good()),
  "a token by ES256": tokenOf("user", () => good(fresh)),
  "a token for several": tokenOf("user", () => good(old, { aud: ["other", "talk"] })),
  "no token": shown("nobody", () => []),
  "another scheme": shown("nobody", () => [["authorization", "Basic YWRhOnNlY3JldA=="]]),
  "a token in a cookie": shown("nobody", () => [["cookie", `access_token=${good()}`]]),
  "a token in another header": shown("nobody", () => [["x-access-token", good()]]),
  "no subject": tokenOf("nobody", () => good(old, { sub: undefined })),
  "another claim": tokenOf("nobody", () => good(old, { org: { name: "elsewhere" } })),
  "another audience": tokenOf("wrong", () => good(old, { aud: "others" })),
  "an expired token": tokenOf("wrong", () => good(old, { exp: seconds(-600) })),
  "a token of tomorrow": tokenOf("wrong", () => good(old, { nbf: seconds(86_400) })),
  "another issuer": tokenOf("wrong", () => good(old, { iss: "https://id.example.org" })),
  "another's key": tokenOf("wrong", () => token(stranger, user())),
  "no signature": tokenOf("wrong", () => tokenOfNone(old, user())),
  "a signature by the public key": tokenOf("wrong", () => tokenOfConfusion(old, user())),
  rubbish: tokenOf("wrong", () => "e30.e30."),
  "two tokens": shown("wrong", () => [bearer(good()), bearer(good(fresh))]),
};

/** A request of a user, or of somebody who would like to be one, to the gateway. */
export interface FuzzedUser {
  readonly kind: string;
  readonly method: string;
  readonly target: string;
}

export function linesOf({ kind }: FuzzedUser): readonly HeaderLine[] {
  return kinds[kind]?.lines() ?? [];
}

/** Who ends a request: the gateway, the sidecar of the first stage, or that stage by its answer. */
export type Ends = "gateway" | "sidecar" | "stage";

/**
 * Who ends it by docs/users.md and docs/authorization.md, in the stack `local` whose users have these issuers; undefined where
 * no document says what its target means.
 */
export function endOf({ kind, method, target }: FuzzedUser): Ends | undefined {
  const means = kinds[kind]?.means;
  const path = pathOf(target);
  // A target that says it came by TLS, where nobody speaks it, is refused by Envoy before anything is asked of it.
  if (/^https:/i.test(target)) return "gateway";
  const isOpen =
    ["GET", "HEAD"].includes(method) && (path === "/readyz" || path?.startsWith("/.well-known/acme-challenge/"));
  if (means === "wrong" || path === undefined || (means === "nobody" && isOpen !== true)) return "gateway";
  if (isAmbiguous(target)) return undefined;
  return mayAsk("istio-ingress/istio-ingress", "asr", `${method} ${path}`) ? "stage" : "sidecar";
}

const work = ["/v1/audio/transcriptions", "/v1/audio/translations", "/generate"].map((path) => ["POST", path] as const);
const reads = ["/talk", "/voices", "/readyz", "/.well-known/acme-challenge/token"].map(
  (path) => ["GET", path] as const,
);
const others = ["/v1/models", "/tts_response/", "/healthz", "/metrics", "/nowhere", "/.well-known/x"].flatMap((path) =>
  ["GET", "POST"].map((method) => [method, path] as const),
);

/** Requests of which about a third are a user's. */
export const fuzzedUser: fc.Arbitrary<FuzzedUser> = fc
  .record({
    kind: fc.oneof(fc.constantFrom("a token by RS256", "a token by ES256", "a token for several"), {
      weight: 2,
      arbitrary: fc.constantFrom(...Object.keys(kinds)),
    }),
    base: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...work, ...reads) },
      { weight: 2, arbitrary: fc.constantFrom(...others) },
    ),
    method: fc.option(fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"), { freq: 6 }),
    spelled: spellings,
    isInQuery: fc.integer({ min: 0, max: 20 }).map((number) => number === 0),
  })
  .map(({ kind, base: [usual, path], method, spelled, isInQuery }) => ({
    kind: isInQuery ? "no token" : kind,
    method: method ?? usual,
    target: isInQuery ? `${spelled(path).replace(/[?#].*/, "")}?access_token=${good()}` : spelled(path),
  }));
