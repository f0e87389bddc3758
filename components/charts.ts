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
  if ("oci" in source) return { chart: below(source.oci, chart), version: source.version };
  return { chart, version: source.version, repositoryOpts: { repo: source.repository } };
}

/** The source that takes a published one's place in a cluster without internet; a folder is at hand in any case. */
export function mirroredCharts(source: ChartSource, airGap: Pick<AirGapConfig, "charts"> | undefined): ChartSource {
  if (airGap === undefined || "folder" in source) return source;
  return "folder" in airGap.charts ? airGap.charts : { ...airGap.charts, version: source.version };
}

function below(place: string, chart: string): string {
  return `${place.replace(/\/+$/, "")}/${chart}`;
}
