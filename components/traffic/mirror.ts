import type { ServiceConfig } from "../../config/schema.ts";
import type { ConnectionPoolSettings } from "../istio/generated/destination-rule.ts";
import type { HttpMatch, HttpRoute, NamedRoute } from "../istio/objects.ts";
import { matchingBoth } from "./request-classes.ts";
import { hostOfVersions } from "./weights.ts";

/** Where copies go, and of which share of the requests; undefined where none are sent. */
export type Mirroring = Required<Pick<HttpRoute, "mirrors">> | undefined;

/**
 * The share is always told, since Istio copies every request of a route that tells none.
 *
 * @throws RangeError for a shadow that is no version of the service
 */
export function mirroringOf(host: string, { versions, mirror }: Pick<ServiceConfig, "versions" | "mirror">): Mirroring {
  if (mirror === undefined) return undefined;
  const { destination } = hostOfVersions(host, versions).to(mirror.to);
  return { mirrors: [{ destination, percentage: { value: mirror.percent } }] };
}

/**
 * What may be copied: a request that tells how long its body is, and is shorter than a megabyte. Envoy copies a body while it
 * passes, and stops reading from the caller as long as more than its buffer, 1 MiB, waits for the shadow: one that stalls would
 * hold the caller back. Nor is a connection copied that stays open, as a WebSocket does: it has no length.
 */
const copyable: HttpMatch = { headers: { "content-length": { regex: String.raw`\d{1,6}` } } };

/** Copies that one caller has under way at most: those that nobody answers stay in its memory, a megabyte each. */
export const mostCopies = 64;

/**
 * How many copies a caller has under way; what is more is not sent.
 *
 * @param pool what it may ask of a version that answers it
 */
export function shadowPoolOf(pool: ConnectionPoolSettings): ConnectionPoolSettings {
  const { http1MaxPendingRequests: waiting = mostCopies, http2MaxRequests: underWay = mostCopies } = pool.http ?? {};
  const http1MaxPendingRequests = Math.min(waiting, mostCopies);
  const http2MaxRequests = Math.min(underWay, mostCopies);
  return { ...pool, http: { ...pool.http, http1MaxPendingRequests, http2MaxRequests } };
}

/** Each route twice: for the requests of which the shadow gets its share of copies, and for the others. */
export function withCopies(routes: readonly NamedRoute[], mirroring: Mirroring): NamedRoute[] {
  if (mirroring === undefined) return [...routes];
  return routes.flatMap((route) => [
    {
      ...route,
      name: `${route.name}-copied`,
      match: matchingBoth(route.match ?? [], [copyable]),
      ...mirroring,
    },
    route,
  ]);
}
