import { z } from "zod";
import { count, wholeMilliseconds } from "../scalars.ts";
import { object } from "./object.ts";

/** What callers of an overloaded version may have under way is more than a thousand things; a million is a slip. */
const limit = (what: string) => count(1, what, 1_000_000);

/** When a caller gives up on a replica for a while, and how much it asks of all of them at once. */
export const circuitBreaker = object({
  enabled: z.boolean().default(true).describe("Whether replicas are ejected and requests shed at all."),
  consecutive5xxErrors: count(1, "errors")
    .default(5)
    .describe("Errors in a row that eject a replica: 5xx answers, timeouts, failed connections of one caller."),
  baseEjectionTime: wholeMilliseconds
    .default("5m")
    .describe(
      "How long a replica is out at first; twice as long the second time, and so on, up to 5m if that is more.",
    ),
  interval: wholeMilliseconds
    .default("30s")
    .describe("How often a caller looks whether the time of an ejected replica is over."),
  http1MaxPendingRequests: limit("requests")
    .default(100)
    .describe("Requests of one caller to one version that may wait for a connection, in HTTP/1.1 and HTTP/2."),
  http2MaxRequests: limit("requests")
    .default(1024)
    .describe("Requests of one caller to one version that may be under way, in HTTP/1.1 and HTTP/2."),
  maxConnections: limit("connections")
    .optional()
    .describe("Connections of one caller to one version. Default: as many as it has requests under way."),
  maxRequestsPerConnection: limit("requests")
    .optional()
    .describe("Requests after which a connection is closed, at the cost of a TLS handshake. Default: never."),
});

export type CircuitBreakerConfig = z.output<typeof circuitBreaker>;
