import type { Duration } from "../../services/duration.ts";
import type { RetriesConfig } from "../../config/schema.ts";
import type { AppProtocol, Route } from "../../services/engine.ts";
import { isSame, type MethodAndPath } from "../../services/method-and-path.ts";
import type { HttpMatch, HttpRoute, NamedRoute } from "../istio/objects.ts";
import { perTryTimeoutOf } from "./tries.ts";

/** Names of the classes of a stage's requests, by what they are. */
export type Kind = "idempotent-stream" | "stream" | "idempotent";

/** A kind of requests, and how long and how often they are tried. Of several that fit a request, the first one counts. */
export interface RequestClass<Name extends string = Kind | "offline-stream" | "offline" | "model-change"> {
  /** The end of its routes' names; undefined for what no other class takes. */
  readonly name: Name | undefined;
  /** What a request of the class looks like; empty for any. */
  readonly match: readonly HttpMatch[];
  readonly policy: Pick<HttpRoute, "timeout" | "retries">;
  /** Whether it holds requests that may be sent twice only because somebody says so. */
  readonly declared: boolean;
  /** How a route changes that takes the class alone, beside what it matches. Default: not at all. */
  readonly narrowed?: (route: NamedRoute) => NamedRoute;
}

export interface ClassesArgs {
  /** What the engine speaks. Default: http. */
  readonly protocol?: AppProtocol;
  /** The routes that the engine is known to have. */
  readonly routes: readonly Route[];
  /** Those of them that may be sent twice, as far as the engine and the stages that it calls go. */
  readonly repeatable: readonly Route[];
  readonly retries: RetriesConfig;
  /** Longest time of a request that is no stream. */
  readonly timeout: Duration;
  /** Whether replicas in other places take what those near by could not. Default: false. */
  readonly spread?: boolean;
}

/** Conditions under which no replica has begun to work on a request: sending it again repeats nothing. */
const untouched = "connect-failure,refused-stream,reset-before-request";

/** What a caller asks to be streamed, whatever the route. */
const asked: readonly HttpMatch[] = [
  { headers: { upgrade: { regex: "(?i)websocket" } } },
  { headers: { accept: { regex: String.raw`(?:.*[,\s])?text/event-stream(?:[;,\s].*)?` } } },
];
/** A call to an engine of which no method of gRPC is known: nothing tells whether its answer is one message or many. */
const anyGrpc: HttpMatch = { headers: { "content-type": { prefix: "application/grpc" } } };

/** Methods whose requests by the rules of HTTP have the same effect when they are sent twice. */
const readMethods: readonly string[] = ["GET", "HEAD", "OPTIONS"];
const reads: HttpMatch = { method: { regex: readMethods.join("|") } };

/**
 * The classes of a stage's requests. Every one says what is tried again, since Istio has a default of its own for a route
 * that does not; a request that generates is never tried again once a replica may have worked on it. A stream has no
 * timeout: it may go on as long as it likes.
 */
export function requestClasses({
  protocol = "http",
  routes,
  repeatable,
  retries,
  timeout,
  spread = false,
}: ClassesArgs): RequestClass<Kind>[] {
  const declared = retries.idempotentRoutes.map((route) => ({
    ...route,
    streams: routes.some((known) => isSame(known, route) && known.streams),
  }));
  const mayRepeat = [...repeatable, ...declared.filter((route) => !repeatable.some((known) => isSame(known, route)))];
  const streams = routes.filter((route) => route.streams && !mayRepeat.some((other) => isSame(other, route)));
  const once = triedAgain(retries.attempts, untouched, spread);
  const again = (perTryTimeout?: Duration) =>
    triedAgain(retries.attempts, conditionsIn(retries.retryOn, protocol).join(","), spread, perTryTimeout);
  const repeatableStreams = mayRepeat.filter((route) => route.streams).map(exactly);
  const repeatableOthers = mayRepeat
    .filter(({ method, streams: isStream }) => !isStream && !readMethods.includes(method))
    .map(exactly);
  return [
    ...(repeatableStreams.length === 0
      ? []
      : [
          {
            name: "idempotent-stream",
            match: repeatableStreams,
            policy: { retries: again() },
            declared: true,
          } as const,
        ]),
    {
      name: "stream",
      match: [...asked, ...(protocol === "grpc" ? [] : [anyGrpc]), ...streams.map(exactly)],
      policy: { retries: once },
      declared: false,
    },
    {
      name: "idempotent",
      match: [reads, ...repeatableOthers],
      policy: { timeout, retries: again(perTryTimeoutOf(retries, timeout)) },
      declared: repeatableOthers.length > 0,
    },
    { name: undefined, match: [], policy: { timeout, retries: once }, declared: false },
  ];
}

/** A replica or a sidecar that can't take a call says so in HTTP by 503, and in gRPC by UNAVAILABLE. */
function conditionsIn(retryOn: RetriesConfig["retryOn"], protocol: AppProtocol): RetriesConfig["retryOn"] {
  const hasIt = retryOn.includes("gateway-error") || retryOn.includes("5xx");
  const adds = protocol === "grpc" && hasIt && !retryOn.includes("unavailable");
  return adds ? [...retryOn, "unavailable"] : retryOn;
}

/**
 * `attempts` are those after the first; without any, Istio's webhook takes no other word on retries. Where there are
 * replicas in other places, the tries after two near by go there, before anybody has told that those near by are lost.
 */
function triedAgain(
  attempts: number,
  retryOn: string,
  spread: boolean,
  perTryTimeout?: Duration,
): NonNullable<HttpRoute["retries"]> {
  if (attempts === 0) return { attempts: 0 };
  return {
    attempts,
    retryOn,
    ...(spread && { retryRemoteLocalities: true }),
    ...(perTryTimeout !== undefined && { perTryTimeout }),
  };
}

/** Requests of this method and this path, and no others. */
export function exactly({ method, path }: MethodAndPath): HttpMatch {
  return { method: { exact: method }, uri: { exact: path } };
}

/** Every route once for each class: it takes the requests that both take. */
export function byClass(routes: readonly NamedRoute[], classes: readonly RequestClass[]): NamedRoute[] {
  return routes.flatMap((whole) =>
    classes.map((kind) => {
      const { name, match = [], ...rest } = kind.narrowed?.(whole) ?? whole;
      const both = matchingBoth(match, kind.match);
      return { name: nameIn(name, kind), ...(both.length > 0 && { match: both }), ...rest, ...kind.policy };
    }),
  );
}

function nameIn(route: string, { name }: RequestClass): string {
  return name === undefined ? route : `${route}-${name}`;
}

/** Every way to match one of each; the two say nothing of the same header. */
export function matchingBoth(where: readonly HttpMatch[], what: readonly HttpMatch[]): HttpMatch[] {
  if (where.length === 0) return [...what];
  if (what.length === 0) return [...where];
  return where.flatMap((place) =>
    what.map((kind) => {
      const headers = { ...place.headers, ...kind.headers };
      return { ...place, ...kind, ...(Object.keys(headers).length > 0 && { headers }) };
    }),
  );
}

/** Annotation of a VirtualService by which `policies/` knows the routes on which a POST is sent twice on purpose. */
const annotation = "linly-mesh/idempotent-routes";

/** The annotation for `routes`, which `byClass` then multiplies; nothing where no POST is sent twice. */
export function idempotenceAnnotation(
  routes: readonly NamedRoute[],
  classes: readonly RequestClass[],
): Record<string, string> {
  const names = routes.flatMap(({ name }) =>
    classes.filter(({ declared }) => declared).map((kind) => nameIn(name, kind)),
  );
  return names.length === 0 ? {} : { [annotation]: names.join(",") };
}
