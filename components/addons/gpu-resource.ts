import type { GpuDevicePluginConfig } from "../../config/schema.ts";

/**
 * The extended resource by which a stage asks for GPUs: what the device plugin offers, whoever installed it. A share of a GPU
 * has the GPU's own name; so has a partition with mig `single`, while with `mixed` each has the name of its profile.
 */
export function gpuResource({ mig, migProfile }: GpuDevicePluginConfig): string {
  if (mig !== "mixed" || migProfile === undefined) return "nvidia.com/gpu";
  return `nvidia.com/mig-${migProfile.replaceAll("+", ".")}`;
}
