import { z } from "zod";
import { placeName, weight } from "../scalars.ts";
import { object } from "./object.ts";

const shares = z.record(placeName, weight);

export const locality = object({
  distribute: z
    .record(placeName, shares)
    .refine((regions) => Object.keys(regions).length > 0, { error: "is empty; leave it out for priorities" })
    .optional()
    .describe(
      "For callers of a region, by its name, the share of each region in percent, 100 in all; a region without a share is not asked at all. Callers of a region that is not named then ask all replicas alike. Default: their own region, another only when it is lost.",
    ),
});

export type LocalityConfig = z.output<typeof locality>;
