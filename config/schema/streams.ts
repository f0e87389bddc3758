import type { z } from "zod";
import { wholeMilliseconds } from "../scalars.ts";
import { object } from "./object.ts";

/** What bounds a stream, which has no timeout. */
export const streams = object({
  idleTimeout: wholeMilliseconds
    .optional()
    .describe("Longest silence of a stream, also before its first byte. Default: the longest time of a request."),
  longest: wholeMilliseconds
    .optional()
    .describe("How long a replica that is to end waits for its streams. Default: the longest time of a request."),
});

export type StreamsConfig = z.output<typeof streams>;
