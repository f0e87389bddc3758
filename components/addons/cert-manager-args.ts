import { certManagerArguments } from "../../config/cert-manager-arguments.ts";
import type { AirGapConfig, CertManagerConfig, Installed } from "../../config/schema.ts";
import { overlay, type HelmValues } from "../helm-values.ts";

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
  const isArgument = (key: string) => Object.hasOwn(certManagerArguments, key);
  const entries = Object.entries(values);
  return {
    args: Object.fromEntries(entries.filter(([key]) => isArgument(key))),
    values: Object.fromEntries(entries.filter(([key]) => !isArgument(key))),
  };
}
