import type { z } from "zod";
import { wholeMilliseconds } from "../scalars.ts";
import { object } from "./object.ts";

/** How long a request may take, and to connect for it. */
export const timeouts = object({
  realtime: wholeMilliseconds
    .optional()
    .describe(
      "Longest time of a request. Default: the engine's longest, or a second more than that of a stage that it calls, if longer.",
    ),
  offline: wholeMilliseconds
    .optional()
    .describe(
      "Longest time of a request that is offline work. Default: by the rule of `realtime`, with what called stages have for offline work; never less than `realtime`.",
    ),
  connect: wholeMilliseconds
    .optional()
    .describe(
      "Longest time until a replica's connection stands, TLS included; then another replica is tried, where there is one. Default: 2s, or what lets every try fit into `realtime`, if less.",
    ),
});

export type TimeoutsConfig = z.output<typeof timeouts>;
