import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

type Version = LenientMesh["services"][string]["versions"][number];

/** Numbers of replicas that two keys decide, or that have no room between their ends: everywhere, or in one cluster. */
export function autoscalingFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, { versions }]) =>
    versions.flatMap((version, index) => {
      const path = `services.${stage}.versions[${index}]`;
      const inClusters = Object.entries(version.clusters);
      return [
        ...faultsOf(version, path),
        ...inClusters.flatMap(([name, there]) => faultsOf(there, `${path}.clusters.${name}`)),
      ];
    }),
  );
}

function faultsOf({ replicas, autoscaling }: Pick<Version, "replicas" | "autoscaling">, path: string): Fault[] {
  if (autoscaling === undefined) return [];
  const faults: Fault[] = [];
  if (replicas !== undefined) {
    const message = "has no meaning with autoscaling, which decides it; remove it";
    faults.push({ path: `${path}.replicas`, message });
  }
  const { min, max } = autoscaling;
  if (min !== undefined && max !== undefined && min > max) {
    const message = `${min} is more than max, ${max}; it is at most max`;
    faults.push({ path: `${path}.autoscaling.min`, message });
  }
  return faults;
}
