import type { z } from "zod";
import { wholeMilliseconds } from "../scalars.ts";
import { object } from "./object.ts";

/** How long a request may take. */
export const timeouts = object({
  realtime: wholeMilliseconds.optional().describe("Longest time of a request. Default: the engine's longest."),
  offline: wholeMilliseconds
    .optional()
    .describe(
      "Longest time of a request that is offline work. Default: the engine's longest, or `realtime` if longer.",
    ),
});

export type TimeoutsConfig = z.output<typeof timeouts>;
