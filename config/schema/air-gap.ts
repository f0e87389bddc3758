import { z } from "zod";
import { imageHub } from "../scalars.ts";
import { object } from "./object.ts";

/** Where the charts of a cluster without internet come from; which version of each is said where the chart is. */
const chartMirror = z.union(
  [
    object({ folder: z.string().min(1) }),
    object({ repository: z.url({ protocol: /^https?$/ }) }),
    object({ oci: z.string().regex(/^oci:\/\//) }),
  ],
  {
    error:
      'is not a mirror of charts: { folder: path }, { repository: "https://…" } or { oci: "oci://…" }; versions stay where the charts are configured',
  },
);

export const airGap = object({
  registry: imageHub.describe(
    "The one registry, with a path or without, that every image comes from; below it images keep the path they have upstream.",
  ),
  charts: chartMirror.describe("The one source that every chart comes from."),
});

export type AirGapConfig = z.output<typeof airGap>;
export type ChartMirror = z.output<typeof chartMirror>;
