import fc from "fast-check";
import { everythingAllowed, type Asked } from "./access-oracle.ts";

/** A request to be tried: who it is from, how it is sent, and what it says beside method and target. */
export interface Fuzzed extends Asked {
  readonly tls: "own" | "anonymous" | "plain";
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const stages = ["asr", "llm", "tts", "face"];
const everything = everythingAllowed();

/** Whoever has a certificate of the mesh: those who may ask for something somewhere, and those who may not for anything. */
export const members = [
  ...new Set(everything.map(({ caller }) => caller)),
  ...["linly/face-service", "linly/tts-service-shadow", "linly/default", "admin/colleague"],
];
/** A pod outside of the mesh. */
export const outsider = "outsiders/nobody";

const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "post", "Get", "PROPFIND"];
const paths = [
  ...new Set(everything.map(({ path }) => path)),
  ...["/", "/readyz", "/healthz", "/metrics", "/behaviour", "/app-health/tts/readyz", "/nowhere", "/v1", "/v1/"],
];

/** Changes one place of a path, chosen by a number, or the whole of it. */
type Change = (path: string, at: number) => string;

const atOneOf =
  (pattern: RegExp, change: (found: string) => string): Change =>
  (path, at) => {
    const found = [...path.matchAll(pattern)];
    const one = found[at % Math.max(found.length, 1)];
    if (one === undefined) return path;
    return path.slice(0, one.index) + change(one[0]) + path.slice(one.index + one[0].length);
  };
const slash = (...instead: string[]) => instead.map((text) => atOneOf(/\//g, () => text));
const hex = (text: string) => `%${text.charCodeAt(0).toString(16).padStart(2, "0")}`;

/** Spellings that mean the same path once it is normalised. */
const same: readonly Change[] = [
  ...slash(
    "//",
    "///",
    "/%2f",
    "/%2F",
    "/\\",
    "/%5c",
    "/%5C",
    "/./",
    "/%2e/",
    "/%2E/",
    "/x/../",
    "/x/%2e%2e/",
    "/x/.%2E/",
  ),
  ...slash("/x%2f..%2f", "/x\\..\\", "/x/y/../../", "/x/..;/", "/x/..;a=1/", "/.;/"),
  (path) => `/..${path}`,
  (path) => `/%2e%2e/..${path}`,
  (path) => `/tts_response/..${path}`,
  (path) => `/v1%2f..${path}`,
  atOneOf(/[a-z]/g, hex),
  atOneOf(/_/g, hex),
  (path) => `${path}?`,
  (path) => `${path}?x=/../tts_change_model/`,
  (path) => `${path}#/../tts_change_model/`,
  (path) => `http://tts-service${path}`,
  (path) => `HTTPS://example.com:1${path}`,
];

/** Spellings that mean another path, or none. */
const other: readonly Change[] = [
  ...slash(
    "/%252f",
    "/%25252f",
    "/%255c",
    "/...;/",
    "/..%3b/",
    "/;x=1/",
    "/%c0%af",
    "/%00/",
    "/x/",
    "/%20/",
    "/../",
    "/.../",
  ),
  atOneOf(/[a-z]/g, (letter) => letter.toUpperCase()),
  atOneOf(/[a-z]/g, (letter) => hex(letter).replace("%", "%25")),
  atOneOf(/[a-z]/g, () => ""),
  (path) => path.replace(/\/$/, ""),
  (path) => `${path}/`,
  (path) => `${path};x=1`,
  (path) => `${path}.json`,
  (path) => `${path}%00`,
  (path) => `${path}%20`,
  (path) => `${path}%23`,
  (path) => `${path}%3f`,
  (path) => `/tts_response/?${path}`,
  (path) => `${path}/${"x".repeat(2000)}`,
];

const principal = "spiffe://cluster.local/ns/admin/sa/model-uploader";
const header = fc.constantFrom<readonly [string, string]>(
  ["host", "localhost"],
  ["host", "tts-service.linly.svc.cluster.local"],
  ["x-forwarded-for", "127.0.0.1"],
  ["x-forwarded-for", "127.0.0.1, 127.0.0.1"],
  ["x-forwarded-host", "localhost"],
  ["x-forwarded-proto", "https"],
  ["x-forwarded-client-cert", `By=${principal};URI=${principal}`],
  ["forwarded", "for=127.0.0.1;proto=https"],
  ["x-envoy-original-path", "/tts_response/"],
  ["x-envoy-internal", "true"],
  ["x-envoy-external-address", "127.0.0.1"],
  ["x-envoy-peer-metadata-id", "sidecar~127.0.0.1~model-uploader"],
  ["x-original-url", "/tts_response/"],
  ["x-rewrite-url", "/tts_response/"],
  ["x-http-method-override", "POST"],
  ["x-method-override", "GET"],
  ["authorization", "Bearer e30.e30."],
  ["authorization", "Basic YWRtaW46YWRtaW4="],
  ["cookie", "linly-dialogue=1"],
  ["accept", "application/json"],
);

const anything = fc.record({
  caller: fc.constantFrom(...members),
  stage: fc.constantFrom(...stages),
  method: fc.constantFrom(...methods),
  path: fc.constantFrom(...paths),
});
/** One part of what is allowed changed, so that each part is seen to count. */
const nearly = fc
  .tuple(fc.constantFrom(...everything), anything, fc.constantFrom("caller", "stage", "method", "path"))
  .map(([right, wrong, part]) => ({ ...right, [part]: wrong[part] }));

const some = (changes: readonly Change[], most: number) =>
  fc.array(fc.tuple(fc.constantFrom(...changes), fc.nat(40)), { maxLength: most });

/** Ways to write a path: many that leave it the same, some that do not. */
export const spellings: fc.Arbitrary<(path: string) => string> = fc
  .oneof(
    { weight: 5, arbitrary: some(same, 3) },
    { weight: 3, arbitrary: some(other, 2) },
    { weight: 2, arbitrary: some([...same, ...other], 4) },
  )
  // The first that gives a query, a fragment or another form ends it: what came behind would be part of that.
  .map((changes) => (path: string) => {
    const write = (text: string, [change, at]: readonly [Change, number]) =>
      /[?#]|^http/i.test(text) ? text : change(text, at);
    return changes.reduce(write, path);
  });

/** Requests of which about a quarter are meant to get in. */
export const fuzzed: fc.Arbitrary<Fuzzed> = fc
  .record({
    base: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...everything) },
      { weight: 3, arbitrary: nearly },
      { weight: 2, arbitrary: anything },
    ),
    spelled: spellings,
    tls: fc.oneof(
      { weight: 30, arbitrary: fc.constant<"own">("own") },
      { weight: 1, arbitrary: fc.constantFrom<"anonymous" | "plain">("anonymous", "plain") },
    ),
    isOutsider: fc.integer({ min: 0, max: 30 }).map((number) => number === 0),
    headers: fc.uniqueArray(header, { maxLength: 3, selector: ([name]) => name }),
    body: fc.constantFrom("", "{}", `POST /tts_change_model/ HTTP/1.1\r\nhost: x\r\n\r\n`),
  })
  .map(({ base: { caller, stage, method, path }, spelled, tls, isOutsider, headers, body }) => {
    const sent = isOutsider && tls === "own" ? "anonymous" : tls;
    const from = isOutsider ? outsider : caller;
    return { caller: from, proven: sent === "own", stage, method, target: spelled(path), tls: sent, headers, body };
  });
