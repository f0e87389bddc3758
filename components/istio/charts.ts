import type { ChartSource } from "../../config/schema.ts";

/** The charts Istio is made of. */
export type IstioChart = "base" | "istiod" | "cni" | "gateway";

/** Where a Release finds its chart: the arguments of `helm.v3.Release` that say so. */
export interface ChartReference {
  readonly chart: string;
  readonly version?: string;
  readonly repositoryOpts?: { readonly repo: string };
}

/** One chart of a source: a folder that holds them all, a Helm repository, or an OCI registry. */
export function chartFrom(source: ChartSource, chart: IstioChart): ChartReference {
  if ("folder" in source) return { chart: `${source.folder.replace(/\/+$/, "")}/${chart}` };
  if ("oci" in source) return { chart: `${source.oci.replace(/\/+$/, "")}/${chart}`, version: source.version };
  return { chart, version: source.version, repositoryOpts: { repo: source.repository } };
}
