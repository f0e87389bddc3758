import { virtualService } from "../model/example.ts";
import { isDeclared, routesOf } from "../model/routes.ts";
import type { Route } from "../model/routes.ts";
import { at, listAt, textAt, unknown } from "../model/values.ts";
import type { Value } from "../model/values.ts";
import type { ObjectRule } from "../rule.ts";

/** Annotation of a VirtualService: the names of its routes that may be sent twice, or `*`. */
const annotation = "linly-mesh/idempotent-routes";

/** Conditions under which nobody has begun to work on the request: sending it again repeats nothing. */
const safe = ["connect-failure", "refused-stream", "reset-before-request", "envoy-ratelimited"];

/** What Istio retries, twice, where a route does not say: of these, the two of gRPC may repeat work. */
const byDefault = ["connect-failure", "refused-stream", "unavailable", "cancelled"];

/** Methods that do something anew each time they are sent. */
const notIdempotent = ["POST", "PATCH"];

/** The conditions that may send a request again which somebody has worked on; undefined where that is not known. */
function repeatingConditions(retries: Value | undefined): readonly string[] | undefined {
  const [attempts, retryOn] = [at(retries, "attempts"), at(retries, "retryOn")];
  if (attempts === unknown || retryOn === unknown) return undefined;
  if (retries !== undefined && (typeof attempts !== "number" || attempts <= 0)) return [];
  const given = typeof retryOn === "string" ? retryOn.split(",").map((condition) => condition.trim()) : [];
  const conditions = given.filter((condition) => condition !== "");
  return (conditions.length === 0 ? byDefault : conditions).filter((condition) => !safe.includes(condition));
}

/** Whether a condition on a text holds for `text`; undefined where that is not known. */
function holds(condition: Value | undefined, text: string): boolean | undefined {
  if (condition === undefined) return true;
  const [exact, prefix, regex] = ["exact", "prefix", "regex"].map((kind) => at(condition, kind));
  if (typeof exact === "string") return exact === text;
  if (typeof prefix === "string") return text.startsWith(prefix);
  return typeof regex === "string" ? matchesWhole(regex, text) : undefined;
}

/**
 * Envoy's expressions are RE2, of which JavaScript understands most, the flags at the beginning where they stand apart; what
 * it does not is taken not to be known.
 */
function matchesWhole(regex: string, text: string): boolean | undefined {
  const [flagged = "", flags = ""] = /^\(\?([imsU]+)\)/.exec(regex) ?? [];
  try {
    // Whether a repetition is greedy, U, is nothing to a match of the whole.
    return new RegExp(`^(?:${regex.slice(flagged.length)})$`, flags.replaceAll("U", "")).test(text);
  } catch {
    return undefined;
  }
}

/** Whether a request that must not be repeated can take this route; undefined where that is not known. */
function canRepeat({ content }: Route): boolean | undefined {
  const match = at(content, "match");
  if (match === unknown) return undefined;
  const ways = listAt(content, "match");
  if (ways.length === 0) return true;
  const answers = ways.flatMap((way) =>
    way === unknown ? undefined : notIdempotent.map((method) => holds(at(way, "method"), method)),
  );
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

/** Whether a route is for gRPC, by its path `/package.Service/` or its content type. */
function isGrpc({ content }: Route): boolean {
  return listAt(content, "match").some((way) => {
    const path = textAt(way, "uri", "exact") ?? textAt(way, "uri", "prefix") ?? "";
    const contentType = at(way, "headers", "content-type");
    const type = textAt(contentType, "exact") ?? textAt(contentType, "prefix") ?? "";
    return /^\/([A-Za-z]\w*\.)+[A-Z]\w*\//.test(path) || type.startsWith("application/grpc");
  });
}

const to = [{ destination: { host: "llm-service" } }];
const match = [{ method: { exact: "POST" } }];

export const retriesIdempotent: ObjectRule = {
  name: "retries-idempotent",
  scope: "object",
  description: "A request that does something anew each time is not sent again once somebody has worked on it.",
  why:
    "With retryOn 5xx, gateway-error or reset the sidecar repeats a POST that a pod has already worked on: the answer is " +
    "generated up to 1 + attempts times, and a slow one is multiplied into an overload.",
  level: "mandatory",
  kinds: ["networking.istio.io/VirtualService"],
  bad: {
    objects: [virtualService({ match, route: to, retries: { attempts: 3, retryOn: "gateway-error,connect-failure" } })],
    message:
      "VirtualService linly/llm-service: http[0] takes POST or PATCH and retries on gateway-error, which may repeat a " +
      "request that a pod has worked on: write retryOn: connect-failure,refused-stream, or attempts: 0; retry more in a " +
      'route of its own that matches method GET, or name the route in the annotation "linly-mesh/idempotent-routes"',
  },
  good: [virtualService({ match, route: to, retries: { attempts: 3, retryOn: "connect-failure,refused-stream" } })],
  check(object) {
    return routesOf(object).flatMap((route) => {
      const { content, title } = route;
      const retries = at(content, "retries");
      const sends = at(content, "route") !== undefined;
      // Without `retries` only gRPC's own statuses are retried that may come after work was done.
      if (!sends || (retries === undefined && !isGrpc(route)) || isDeclared(object, route, annotation)) return [];
      const conditions = repeatingConditions(retries) ?? [];
      if (conditions.length === 0 || canRepeat(route) !== true) return [];
      const on = `${conditions.join(", ")}${retries === undefined ? " (Istio's default)" : ""}`;
      const found = `${title} takes POST or PATCH and retries on ${on}, which may repeat a request that a pod has worked on`;
      const fix =
        "write retryOn: connect-failure,refused-stream, or attempts: 0; retry more in a route of its own that matches " +
        `method GET, or name the route in the annotation "${annotation}"`;
      return [{ object, message: `${found}: ${fix}` }];
    });
  },
};
