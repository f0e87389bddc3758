import type { AirGapConfig, ChartSource } from "../config/schema.ts";

/** Where a Release finds its chart: the arguments of `helm.v3.Release` that say so. */
export interface ChartReference {
  readonly chart: string;
  readonly version?: string;
  readonly repositoryOpts?: { readonly repo: string };
}

/** One chart of a source: a folder that holds them all, a Helm repository, or an OCI registry. */
export function chartFrom(source: ChartSource, chart: string): ChartReference {
  if ("folder" in source) return { chart: below(source.folder, chart) };
  if ("oci" in source) {
    const digest = source.digests?.[chart];
    const place = below(source.oci, chart);
    return { chart: digest === undefined ? place : `${place}@${digest}`, version: source.version };
  }
  return { chart, version: source.version, repositoryOpts: { repo: source.repository } };
}

/**
 * The source that takes a published one's place in a cluster without internet; a folder is at hand in any case. A digest names
 * the same chart in any registry.
 */
export function mirroredCharts(source: ChartSource, airGap: Pick<AirGapConfig, "charts"> | undefined): ChartSource {
  if (airGap === undefined || "folder" in source) return source;
  const { charts } = airGap;
  if ("folder" in charts) return charts;
  const digests = "oci" in charts && "oci" in source ? source.digests : undefined;
  return { ...charts, version: source.version, ...(digests !== undefined && { digests }) };
}

function below(place: string, chart: string): string {
  return `${place.replace(/\/+$/, "")}/${chart}`;
}
