import type { ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { isShadow } from "../../services/shadow.ts";
import { serviceName, type Stage } from "../../services/stage.ts";

/** How the workloads of a stage are found. */

/** Labels that select the pods of one version, and that its subset carries. */
export function versionLabels(stage: Stage, version: Pick<VersionConfig, "name">): Record<string, string> {
  return { app: serviceName(stage), version: version.name };
}

/** Label of a shadow's pods, whose answers nobody waits for: they are not measured as those of the stage. */
export const shadowLabel = "linly-mesh/shadow";

/** The account that a stage's shadow runs by: `tts-service-shadow`. */
export function shadowAccountName(stage: Stage): string {
  return `${serviceName(stage)}-shadow`;
}

/** Labels of a version's pods. Those of a version that answers callers are what selects them, and change for nothing. */
export function podLabels(
  stage: Stage,
  service: Pick<ServiceConfig, "mirror">,
  version: Pick<VersionConfig, "name">,
): Record<string, string> {
  return { ...versionLabels(stage, version), ...(isShadow(service, version) && { [shadowLabel]: "true" }) };
}

/** The fully qualified host of a stage, as Istio's registry knows it. */
export function hostOf(stage: Pick<Stage, "name">, namespace: string, clusterDomain = "cluster.local"): string {
  return `${serviceName(stage)}.${namespace}.svc.${clusterDomain}`;
}
