import { z } from "zod";
import { semver } from "../scalars.ts";
import { object } from "./object.ts";

/** Where Helm charts come from: a folder that holds them, a Helm repository, or an OCI registry. */
export const chartSource = z.union(
  [
    object({ folder: z.string().min(1) }),
    object({ repository: z.url({ protocol: /^https?$/ }), version: semver }),
    object({ oci: z.string().regex(/^oci:\/\//), version: semver }),
  ],
  {
    error:
      'is not a source of charts: { folder: path }, { repository: "https://…", version: "1.31.1" } or { oci: "oci://…", version: "1.31.1" }',
  },
);

/** Helm values laid over the program's own. */
export const helmValues = z.record(z.string(), z.json()).default({});

export type ChartSource = z.output<typeof chartSource>;
