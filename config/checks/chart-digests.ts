import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** Digests that nothing could be held to: of charts that come from a mirror which knows none. */
export function chartDigestFaults({ airGap, istio, addons: { certManager, gpuDevicePlugin } }: LenientMesh): Fault[] {
  if (airGap === undefined || airGap.charts.oci !== undefined) return [];
  const sources = {
    "istio.charts": istio.charts,
    "addons.certManager.charts": certManager.charts,
    "addons.gpuDevicePlugin.charts": gpuDevicePlugin.charts,
  };
  return Object.entries(sources).flatMap(([path, { digests }]) =>
    digests === undefined
      ? []
      : [
          {
            path: `${path}.digests`,
            message: "can only be held to in an OCI registry, and airGap.charts is none: mirror the charts by { oci }",
          },
        ],
  );
}
