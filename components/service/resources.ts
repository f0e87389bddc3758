import type { ServiceConfig } from "../../config/schema.ts";
import type { StandingStage } from "../../services/standing.ts";

export interface ContainerResources {
  requests: Record<string, string>;
  limits: Record<string, string>;
}

/** Requests and limits, GPUs included: extended resources are asked for as limits, and requests equal them. */
export function resourcesOf(
  stage: StandingStage,
  service: Pick<ServiceConfig, "resources" | "gpus">,
  gpuResource = "nvidia.com/gpu",
): ContainerResources {
  const { requests, limits } = service.resources ?? stage.engine.resources;
  const gpus = service.gpus ?? stage.gpus;
  const extended: Record<string, string> = gpus > 0 ? { [gpuResource]: String(gpus) } : {};
  return { requests: { ...requests, ...extended }, limits: { ...limits, ...extended } };
}
