import type { CertManagerArgs } from "@pulumi/kubernetes-cert-manager";
import type { AirGapConfig, CertManagerConfig, Installed } from "../../config/schema.ts";
import { overlay, type HelmValues } from "../istio/values.ts";

/**
 * Arguments of the component `CertManager` that are values of its chart. It writes each of them over the value of that name
 * in `helmOptions.values`, unset ones too, so a value of such a name has to go by the argument.
 */
const argumentNames = [
  "affinity",
  "cainjector",
  "clusterResourceNamespace",
  "containerSecurityContext",
  "deploymentAnnotations",
  "extraArgs",
  "extraEnv",
  "featureGates",
  "global",
  "image",
  "ingressShim",
  "nodeSelector",
  "podAnnotations",
  "podLabels",
  "prometheus",
  "replicaCount",
  "resources",
  "securityContext",
  "serviceAccount",
  "serviceAnnotations",
  "serviceLabels",
  "startupapicheck",
  "strategy",
  "tolerations",
  "webhook",
] as const satisfies readonly (keyof CertManagerArgs)[];

/** Name of cert-manager's Release, and of the namespace that it has to itself. */
export const certManagerNamespace = "cert-manager";

/** Helm values of cert-manager's chart: CRDs among its templates, so that an upgrade of the Release upgrades them. */
export function certManagerValues(
  { values }: Installed<CertManagerConfig>,
  airGap: AirGapConfig | undefined,
): HelmValues {
  const own: HelmValues = {
    // Kept when the Release goes: with them every certificate of the cluster would go.
    crds: { enabled: true, keep: true },
    // Beside what holds them, leases go with it; elsewhere one outlives its holder, and a new cert-manager waits for it.
    global: { leaderElection: { namespace: certManagerNamespace } },
    ...(airGap !== undefined && { imageRegistry: airGap.registry }),
  };
  return overlay(own, values);
}

export interface SplitValues {
  /** Arguments of the component. */
  readonly args: HelmValues;
  /** `helmOptions.values`. */
  readonly values: HelmValues;
}

/** Values of the chart, each where the component lets it through. */
export function splitValues(values: HelmValues): SplitValues {
  const isArgument = (key: string) => argumentNames.some((name) => name === key);
  const entries = Object.entries(values);
  return {
    args: Object.fromEntries(entries.filter(([key]) => isArgument(key))),
    values: Object.fromEntries(entries.filter(([key]) => !isArgument(key))),
  };
}
