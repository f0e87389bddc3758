import { z } from "zod";
import { headerName, time } from "../scalars.ts";
import { object } from "./object.ts";

const consistentHash = z.union(
  [
    object({ header: headerName.describe("Requests with the same value of this header meet the same replica.") }),
    object({
      cookie: headerName.describe("Requests with the same value of this cookie do; one without gets one."),
      ttl: time("a time", "0s", "8760h").default("12h").describe("Lifetime of a cookie that is given out."),
    }),
    object({
      sourceIp: z.literal(true).describe("Requests from the same address do: of one caller's pod, not of a user."),
    }),
  ],
  { error: "is not a key to hash by: { header: name }, { cookie: name, ttl: 12h } or { sourceIp: true }" },
);

/** How a caller's sidecar chooses a replica. */
export const loadBalancing = z.union(
  [
    z.enum(["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM"]),
    object({ consistentHash: consistentHash.describe("What a request's replica is chosen by.") }),
  ],
  {
    error:
      'is not a way to balance: "LEAST_REQUEST", "ROUND_ROBIN", "RANDOM" or { consistentHash: { header: x-user } }',
  },
);

export type LoadBalancingConfig = z.output<typeof loadBalancing>;
