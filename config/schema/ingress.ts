import { z } from "zod";
import { seconds } from "../quantities.ts";
import { count, headerName, hostname, wholeMilliseconds } from "../scalars.ts";
import { ingressTls } from "./ingress-tls.ts";
import { object } from "./object.ts";
import { users } from "./users.ts";

const requests = count(1, "requests", 100_000).describe("Requests in an interval, and at most that many at once.");

/** Envoy refuses a token bucket that is filled more often than every 50 ms. */
const interval = wholeMilliseconds
  .refine((text) => seconds(text) >= 0.05 && seconds(text) <= 3600, {
    error: 'is not an interval from "50ms" to "1h"',
  })
  .default("1s")
  .describe("The interval that they are for.");

const limit = object({ requests, interval });

const clientLimit = object({
  requests,
  interval,
  by: z
    .union(
      [
        z.literal("address"),
        object({ header: headerName.describe("Requests with the same value of this header are one client's.") }),
      ],
      { error: 'is not a way to tell clients: "address" or { header: x-api-key }' },
    )
    .default("address")
    .describe("What tells one client from another."),
});

export const ingress = object({
  hosts: z.array(hostname).min(1).default(["*"]).describe("Names under which users reach the pipeline."),
  tls: ingressTls
    .optional()
    .describe("TLS for users, with a certificate by cert-manager. Default: none; users come in by plain HTTP."),
  numTrustedProxies: count(1, "proxies", 16)
    .optional()
    .describe(
      "Proxies before the gateway that write the client's address to `x-forwarded-for`. Default: none; a client's address is that of its connection.",
    ),
  limit: limit
    .optional()
    .describe("Requests that each replica of the gateway takes, of all clients together. Default: unlimited."),
  clientLimit: clientLimit
    .optional()
    .describe("Requests that each replica of the gateway takes of one client. Default: unlimited."),
  users: users.optional().describe("Who may come in, told by tokens. Default: anyone."),
});

export type IngressConfig = z.output<typeof ingress>;
export type RateLimit = z.output<typeof limit>;
export type ClientLimit = z.output<typeof clientLimit>;
