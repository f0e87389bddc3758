import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** Stages whose callers should prefer their own zone, without what lets a request leave it. */
export function sameZoneFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, { preferSameZone, circuitBreaker }]) => {
    if (preferSameZone !== true || circuitBreaker.enabled) return [];
    const message =
      "needs circuitBreaker.enabled: Istio prefers no zone where it could not leave it; enable it, or set false";
    return [{ path: `services.${stage}.preferSameZone`, message }];
  });
}
