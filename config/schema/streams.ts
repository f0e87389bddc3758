import { z } from "zod";
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
  webSockets: z
    .boolean()
    .optional()
    .describe(
      "Whether clients may turn a request into a WebSocket; sidecars then speak HTTP/1.1 to the stage's, else HTTP/2. Default: whether the engine takes them.",
    ),
});

export type StreamsConfig = z.output<typeof streams>;
