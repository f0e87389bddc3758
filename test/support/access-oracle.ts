/**
 * Who gets in where, told a second time: written by hand from docs/authorization.md and docs/design/security.md, without the
 * code that makes the policies or any of its tables. It knows the stack `local`.
 */

const simulated = ["GET /talk", "GET /voices", "POST /generate"];

/** By caller, by stage: the methods and exact paths that it may ask for. */
const allowed: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // Users come in by the gateway, and to the first stage alone.
  "istio-ingress/istio-ingress": {
    asr: ["POST /v1/audio/transcriptions", "POST /v1/audio/translations", ...simulated],
  },
  // In a chain each stage calls the next one.
  "linly/asr-service": { llm: ["POST /llm_response/", ...simulated] },
  "linly/llm-service": { tts: ["POST /tts_response/", ...simulated] },
  "linly/tts-service": { face: ["POST /talker_response/", ...simulated] },
  // Whoever changes models does that, and no work.
  "admin/model-uploader": {
    llm: ["POST /llm_change_model/"],
    tts: ["POST /tts_change_model/", "POST /api/v1/models/upload"],
    face: ["POST /talker_change_model/"],
  },
};

/** A request as far as it decides who gets in. */
export interface Asked {
  /** `namespace/account`. */
  readonly caller: string;
  /** Whether it proves who it is, by mutual TLS. */
  readonly proven: boolean;
  readonly stage: string;
  readonly method: string;
  readonly target: string;
}

/** Whether it gets in to its stage; undefined where no document says what its target means, so that only the stage can tell. */
export function getsIn({ caller, proven, stage, method, target }: Asked): boolean | undefined {
  if (isAmbiguous(target)) return proven ? undefined : false;
  const path = pathOf(target);
  return proven && path !== undefined && mayAsk(caller, stage, `${method} ${path}`);
}

/** A dot segment with a parameter is one to Envoy behind `/`, and none behind what is a slash only later. */
export function isAmbiguous(target: string): boolean {
  return /(?:\\|%5c|%2f)\.{1,2};/i.test(target);
}

/** Whether a caller may ask a stage for what the stage says that it was asked for. */
export function mayAsk(caller: string, stage: string, request: string): boolean {
  return allowed[caller]?.[stage]?.includes(request) ?? false;
}

/** Each thing that somebody may ask for somewhere. */
export function everythingAllowed(): { caller: string; stage: string; method: string; path: string }[] {
  return Object.entries(allowed).flatMap(([caller, stages]) =>
    Object.entries(stages).flatMap(([stage, requests]) =>
      requests.map((request) => {
        const [method = "", path = ""] = request.split(" ");
        return { caller, stage, method, path };
      }),
    ),
  );
}

/**
 * The path that a target means once it is normalised as Istio's documents say of DECODE_AND_MERGE_SLASHES: encoded slashes
 * and backslashes are decoded, backslashes are slashes, dot segments are resolved as in RFC 3986, slashes are merged. A
 * character that needs no encoding is the same encoded (RFC 3986, 6.2.2.2). Query and fragment are no part of it. Undefined
 * for what is no target, as a path with a zero byte in it.
 */
export function pathOf(target: string): string | undefined {
  const origin = target.replace(/^https?:\/\/[^/?#]*/i, "");
  const [path = ""] = (origin === "" ? "/" : origin).split(/[?#]/);
  if (!path.startsWith("/") || path.includes("%00")) return undefined;
  const decoded = path
    .replaceAll(/%2f/gi, "/")
    .replaceAll(/%5c/gi, "/")
    .replaceAll("\\", "/")
    .replaceAll(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[\w.~-]/.test(character) ? character : encoded;
    });
  return withoutDotSegments(decoded).replaceAll(/\/{2,}/g, "/");
}

/**
 * RFC 3986, 5.2.4, where `..` takes the segment before it, an empty one too. `..;x` is one with a parameter: what no document
 * says is what Envoy does, and what servers that know parameters do.
 */
function withoutDotSegments(path: string): string {
  const segments = path.split("/").slice(1);
  const kept: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const [name] = segment.startsWith(".") ? segment.split(";") : [segment];
    if (name === "..") kept.pop();
    if (name !== "." && name !== "..") kept.push(segment);
    else if (isLast) kept.push("");
  }
  return `/${kept.join("/")}`;
}
