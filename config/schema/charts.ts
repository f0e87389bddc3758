import { z } from "zod";
import { semver } from "../scalars.ts";
import { object } from "./object.ts";

const chartVersion = semver.describe("Version of the charts.");

/** Where Helm charts come from: a folder that holds them, a Helm repository, or an OCI registry. */
export const chartSource = z.union(
  [
    object({ folder: z.string().min(1).describe("A folder with one unpacked chart in each of its folders.") }),
    object({
      repository: z.url({ protocol: /^https?$/ }).describe("Address of a Helm repository."),
      version: chartVersion,
    }),
    object({
      oci: z
        .string()
        .regex(/^oci:\/\//)
        .describe("Registry and path below which the charts lie."),
      version: chartVersion,
    }),
  ],
  {
    error:
      'is not a source of charts: { folder: path }, { repository: "https://…", version: "1.31.1" } or { oci: "oci://…", version: "1.31.1" }',
  },
);

/** Helm values laid over the program's own. */
export const helmValues = z.record(z.string(), z.json()).default({});

export type ChartSource = z.output<typeof chartSource>;
