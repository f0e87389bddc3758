import type { VersionConfig } from "../../config/schema.ts";
import { serviceName, type Stage } from "../../services/stage.ts";

/** How the workloads of a stage are found. */

/** Labels that select the pods of one version, and that its subset carries. */
export function versionLabels(stage: Stage, version: Pick<VersionConfig, "name">): Record<string, string> {
  return { app: serviceName(stage), version: version.name };
}

/** The fully qualified host of a stage, as Istio's registry knows it. */
export function hostOf(stage: Stage, namespace: string, clusterDomain = "cluster.local"): string {
  return `${serviceName(stage)}.${namespace}.svc.${clusterDomain}`;
}
