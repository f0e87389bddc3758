import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** Numbers of replicas that two keys decide, or that have no room between their ends. */
export function autoscalingFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, { versions }]) =>
    versions.flatMap(({ replicas, autoscaling }, index) => {
      if (autoscaling === undefined) return [];
      const path = `services.${stage}.versions[${index}]`;
      const faults: Fault[] = [];
      if (replicas !== undefined) {
        faults.push({
          path: `${path}.replicas`,
          message: "has no meaning with autoscaling, which decides it; remove it",
        });
      }
      const { min, max } = autoscaling;
      if (min !== undefined && max !== undefined && min > max) {
        faults.push({
          path: `${path}.autoscaling.min`,
          message: `${min} is more than max, ${max}; it is at most max`,
        });
      }
      return faults;
    }),
  );
}
