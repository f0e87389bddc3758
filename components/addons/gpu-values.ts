import type { AirGapConfig, GpuDevicePluginConfig, Installed, PoolConfig } from "../../config/schema.ts";
import { overlay, type HelmValues } from "../helm-values.ts";
import { mirrored } from "../images.ts";
import { placementOf } from "../service/placement.ts";

/** Values of the chart `nvidia-device-plugin`. */
export function gpuDevicePluginValues(
  config: Installed<GpuDevicePluginConfig>,
  pool: PoolConfig,
  airGap: AirGapConfig | undefined,
): HelmValues {
  const own: HelmValues = {
    migStrategy: config.mig,
    ...placementOf(pool),
    // The chart's own affinity is for nodes that feature discovery has labelled; the pool's labels say the same.
    affinity: null,
    ...sharing(config),
    ...(airGap !== undefined && {
      image: { repository: mirrored("nvcr.io/nvidia/k8s-device-plugin", airGap.registry) },
    }),
  };
  return overlay(own, config.values);
}

/** The plugin's own configuration file, which time slicing takes; JSON is YAML. */
function sharing({ timeSlicing, mig }: Installed<GpuDevicePluginConfig>): HelmValues {
  if (timeSlicing === undefined) return {};
  const file = {
    version: "v1",
    flags: { migStrategy: mig },
    sharing: {
      timeSlicing: {
        renameByDefault: false,
        // Two shares are no more GPU than one: whoever asks for them has misunderstood.
        failRequestsGreaterThanOne: true,
        resources: [{ name: "nvidia.com/gpu", replicas: timeSlicing.replicas }],
      },
    },
  };
  return { config: { map: { shared: JSON.stringify(file) }, default: "shared" } };
}
