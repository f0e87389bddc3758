import type { LocalityConfig, ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { mostReplicas } from "../service/replicas.ts";
import { hasPods } from "../../services/placement.ts";
import type { LocalityLoadBalancerSetting } from "../istio/generated/destination-rule.ts";

/** What a version is in all places together, and how callers choose between them: one rule serves callers everywhere. */
export interface Geography {
  /** Whether pods of it run in several clusters. */
  readonly spread: boolean;
  /** The most pods that it has in one of them. */
  readonly replicas: number;
  /** The most that callers of any of them give to it, of 100. */
  readonly weight: number;
  /** Whether an autoscaler sees to any version of the service, in any of them. */
  readonly autoscaled: boolean;
  readonly distribute: LocalityConfig["distribute"];
}

/** Where a version runs in one cluster alone, or none. */
export function onePlace(version: Pick<VersionConfig, "weight" | "replicas" | "autoscaling">): Geography {
  const { weight, autoscaling } = version;
  const autoscaled = autoscaling !== undefined;
  return { spread: false, replicas: mostReplicas(version), weight, autoscaled, distribute: undefined };
}

/**
 * @param placements the service, as each cluster of the mesh has it
 */
export function geographyOf(
  placements: readonly Pick<ServiceConfig, "versions">[],
  { distribute }: LocalityConfig,
): (version: string) => Geography {
  const all = placements.flatMap((service) => service.versions);
  const autoscaled = all.some(({ autoscaling }) => autoscaling !== undefined);
  return (name) => {
    const placed = all.filter((version) => version.name === name);
    const running = placed.filter(hasPods);
    return {
      spread: running.length > 1,
      replicas: Math.max(0, ...running.map(mostReplicas)),
      weight: Math.max(0, ...placed.map(({ weight }) => weight)),
      autoscaled,
      distribute,
    };
  };
}

/**
 * Which replicas a caller asks first. In one place: those of its own zone, or any. In several: its zone's where the service
 * prefers that, its region's else, and all others only for as much as those can't take; or each region's share.
 */
export function localityOf(
  { spread, distribute }: Pick<Geography, "spread" | "distribute">,
  sameZone: boolean,
): LocalityLoadBalancerSetting {
  if (!spread) return { enabled: sameZone };
  if (distribute !== undefined) return { enabled: true, distribute: sharesOf(distribute) };
  return sameZone ? { enabled: true } : { enabled: true, failoverPriority: ["topology.kubernetes.io/region"] };
}

/** Istio takes a share for each place that gets one, and empties all that it doesn't name. */
function sharesOf(distribute: NonNullable<Geography["distribute"]>) {
  return Object.entries(distribute).map(([from, to]) => ({
    from: inAllOf(from),
    to: Object.fromEntries(
      Object.entries(to)
        .filter(([, share]) => share > 0)
        .map(([region, share]) => [inAllOf(region), share]),
    ),
  }));
}

function inAllOf(region: string): string {
  return `${region}/*`;
}
