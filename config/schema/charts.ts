import { z } from "zod";
import { manifestDigest, semver, withoutCredentials } from "../scalars.ts";
import { object } from "./object.ts";

const anonymous = withoutCredentials("take the charts from a folder, or from a registry that helm is logged in to");

/** The three kinds of places where charts lie. */
export const folder = z.string().min(1).describe("A folder with one unpacked chart in each of its folders.");
export const repository = z
  .url({ protocol: /^https?$/ })
  .refine(...anonymous)
  .describe("Address of a Helm repository.");
export const oci = z
  .string()
  .regex(/^oci:\/\//)
  .refine(...anonymous)
  .describe("Registry and path below which the charts lie.");

const chartVersion = semver.describe("Version of the charts.");

/** Where these Helm charts come from: a folder that holds them, a Helm repository, or an OCI registry. */
export function chartSource<Name extends string>(...charts: readonly [Name, ...Name[]]) {
  const digest = (chart: Name) => [chart, manifestDigest.optional().describe(`Of the chart \`${chart}\`.`)] as const;
  const digests = object(Object.fromEntries(charts.map(digest)))
    // Here, not by the shape, so that the missing one is named, and not the whole source refused.
    .superRefine((given, context) => {
      for (const chart of charts.filter((name) => given[name] === undefined)) {
        const message = "where one chart has a digest, each has";
        context.addIssue({ code: "custom", path: [chart], message });
      }
    })
    .optional()
    .describe(
      "Digest of each chart: what the registry gives is taken only if it is that. Default: what the version's tag leads to.",
    );
  return z.union(
    [
      object({ folder }),
      object({ repository, version: chartVersion }),
      object({ oci, version: chartVersion, digests }),
    ],
    {
      error:
        'is not a source of charts: { folder: path }, { repository: "https://…", version: "1.31.1" } or { oci: "oci://…", version: "1.31.1" }',
    },
  );
}

/** Helm values laid over the program's own. */
export const helmValues = z.record(z.string(), z.json()).default({});

export type ChartSource = z.output<ReturnType<typeof chartSource>>;
