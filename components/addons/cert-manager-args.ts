import type { CertManagerArgs } from "@pulumi/kubernetes-cert-manager";
import type { AirGapConfig, CertManagerConfig, Installed } from "../../config/schema.ts";
import { overlay, type HelmValues } from "../helm-values.ts";

/**
 * Arguments of the component `CertManager` that are values of its chart. It writes each of them over the value of that name
 * in `helmOptions.values`, unset ones too, so a value of such a name has to go by the argument. A release of the SDK with
 * another argument does not compile before it stands here.
 */
const argumentNames: Record<Exclude<keyof CertManagerArgs, "helmOptions">, true> = {
  affinity: true,
  cainjector: true,
  clusterResourceNamespace: true,
  containerSecurityContext: true,
  deploymentAnnotations: true,
  extraArgs: true,
  extraEnv: true,
  extraVolumeMounts: true,
  extraVolumes: true,
  featureGates: true,
  global: true,
  http_proxy: true,
  https_proxy: true,
  image: true,
  ingressShim: true,
  installCRDs: true,
  no_proxy: true,
  nodeSelector: true,
  podAnnotations: true,
  podDnsConfig: true,
  podDnsPolicy: true,
  podLabels: true,
  prometheus: true,
  replicaCount: true,
  resources: true,
  securityContext: true,
  serviceAccount: true,
  serviceAnnotations: true,
  serviceLabels: true,
  startupapicheck: true,
  strategy: true,
  tolerations: true,
  webhook: true,
};

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
  const isArgument = (key: string) => Object.hasOwn(argumentNames, key);
  const entries = Object.entries(values);
  return {
    args: Object.fromEntries(entries.filter(([key]) => isArgument(key))),
    values: Object.fromEntries(entries.filter(([key]) => !isArgument(key))),
  };
}
