import { offlinePlaces, offlineSubset } from "../../services/offline.ts";
import type { Subset } from "../istio/generated/destination-rule.ts";
import { meshHost } from "../istio/mesh-host.ts";
import type { HeaderChanges, HttpMatch, NamedRoute } from "../istio/objects.ts";
import { carrier } from "./pins.ts";
import type { Kind, RequestClass } from "./request-classes.ts";
import type { WeightedVersion } from "./weights.ts";

/** Whether somebody waits for a request's answer. */
type Priority = "realtime" | "offline";

/** The first entry that the gateway writes into the carrier: whatever follows, it alone says what kind a request is. */
const mark = (priority: Priority) => `class=${priority}`;

/** The subset in which a version does offline work: the same replicas, and only so many requests under way. */
export function offlineSubsetOf(subset: Subset, requests: number, weight: number): Subset {
  const places = offlinePlaces(requests, weight);
  const { connectionPool, ...policy } = subset.trafficPolicy ?? {};
  // A request that waits for its connection is pending: as many of them as have a place, so that none with a place is refused.
  const http = { ...connectionPool?.http, http1MaxPendingRequests: places, http2MaxRequests: places };
  return {
    ...subset,
    name: offlineSubset(subset.name),
    trafficPolicy: { ...policy, connectionPool: { ...connectionPool, http } },
  };
}

/**
 * The classes of offline work. It may take its time, and is not tried again once a replica had it: the tries of real-time
 * work are short, and whoever sends offline work can send it again.
 *
 * @param classes those of the stage, with the time that offline work has
 * @param narrowed how a route changes that takes offline work alone
 */
export function offlineClasses(
  classes: readonly RequestClass<Kind>[],
  narrowed: NonNullable<RequestClass["narrowed"]>,
): RequestClass[] {
  const repeatable = classes.find(({ name }) => name === "idempotent-stream")?.match ?? [];
  return classes.flatMap(({ name, match, ...kind }) => {
    if (name === "idempotent" || name === "idempotent-stream") return [];
    if (name === undefined) return { ...kind, match, name: "offline", narrowed } as const;
    return { ...kind, match: [...repeatable, ...match], name: `offline-${name}`, narrowed } as const;
  });
}

/** At the gateway: what says that it is offline work is marked so, and takes the places of offline work. */
export function offlineAtGateway(
  header: string,
  host: string,
  versions: readonly WeightedVersion[],
): NonNullable<RequestClass["narrowed"]> {
  const { to } = meshHost(
    host,
    versions.map(({ name }) => offlineSubset(name)),
  );
  return (whole) => {
    const { route, ...rest } = marked("offline", whole);
    return {
      ...rest,
      match: matching(whole, (headers) => ({ ...headers, [header]: { exact: "true" } })),
      route: route.map(({ destination, weight, headers }) => ({
        ...to(offlineSubset(destination.subset ?? ""), weight),
        ...(headers !== undefined && { headers }),
      })),
    };
  };
}

/** At the gateway: what does not say so is marked too, so that no client can mark it. */
export function realtimeAtGateway(route: NamedRoute): NamedRoute {
  return marked("realtime", route);
}

/** Behind the gateway: what it marked as offline work. */
export function offlineInside(route: NamedRoute): NamedRoute {
  const first = mark("offline");
  return {
    ...route,
    match: matching(route, (headers) => {
      const pinned = headers[carrier]?.regex;
      return { ...headers, [carrier]: { regex: pinned === undefined ? `${first}(?:,.*)?` : `${first},${pinned}` } };
    }),
  };
}

type HeaderMatches = NonNullable<HttpMatch["headers"]>;

function matching({ match = [{}] }: NamedRoute, headers: (given: HeaderMatches) => HeaderMatches): HttpMatch[] {
  return match.map((place) => ({ ...place, headers: headers(place.headers ?? {}) }));
}

/** Where each destination writes the carrier itself, it is there that the mark is written. */
function marked(priority: Priority, { headers, route, ...rest }: NamedRoute): NamedRoute {
  if (route.some((destination) => destination.headers?.request?.set?.[carrier] !== undefined)) {
    const destinations = route.map((destination) => ({
      ...destination,
      headers: withMark(priority, destination.headers),
    }));
    return { ...rest, ...(headers !== undefined && { headers }), route: destinations };
  }
  return { ...rest, headers: withMark(priority, headers), route };
}

function withMark(priority: Priority, headers: HeaderChanges = {}): HeaderChanges {
  const { set = {}, remove, ...request } = headers.request ?? {};
  const others = (remove ?? []).filter((name) => name !== carrier);
  const carried = [mark(priority), ...(set[carrier] === undefined ? [] : [set[carrier]])].join(",");
  return {
    ...headers,
    request: { ...request, set: { ...set, [carrier]: carried }, ...(others.length > 0 && { remove: others }) },
  };
}
