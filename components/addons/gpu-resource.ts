import { installed, type GpuDevicePluginConfig } from "../../config/schema.ts";

/**
 * The extended resource by which a stage asks for GPUs: what the device plugin offers. A share of a GPU has the GPU's own
 * name; so has a partition with mig `single`, while with `mixed` each has the name of its profile.
 */
export function gpuResource(plugin: GpuDevicePluginConfig): string {
  const config = installed(plugin);
  if (config?.mig !== "mixed" || config.migProfile === undefined) return "nvidia.com/gpu";
  return `nvidia.com/mig-${config.migProfile.replaceAll("+", ".")}`;
}
