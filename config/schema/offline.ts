import type { z } from "zod";
import { count } from "../scalars.ts";
import { freeHeader } from "./free-header.ts";
import { object } from "./object.ts";

/** Work that nobody waits for, which gives way to what somebody does wait for. */
export const offline = object({
  header: freeHeader
    .default("x-linly-offline")
    .describe("Request header by which a client says `true`: this is offline work."),
  requests: count(1, "requests", 100_000).describe(
    "Most offline requests that each replica of the gateway has under way; what is more is answered 503 at once.",
  ),
});

export type OfflineConfig = z.output<typeof offline>;
