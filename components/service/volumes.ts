import type { ModelConfig, ServiceConfig, VersionConfig } from "../../config/schema.ts";
import type { Engine } from "../../services/engine.ts";
import { mirrored } from "../images.ts";

export interface Volume {
  name: string;
  emptyDir?: { sizeLimit: string; medium?: "Memory" };
  persistentVolumeClaim?: { claimName: string; readOnly: true };
  image?: { reference: string; pullPolicy: "IfNotPresent" };
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: true;
}

/** The model of a version: its own, else the service's; undefined when it is in the image. */
export function modelOf(service: Pick<ServiceConfig, "model">, version: Pick<VersionConfig, "model">) {
  return version.model ?? service.model;
}

/** The volumes of a pod and where its container has them: folders to write to, and the model to read. */
export function volumesOf(
  { scratch, model: mount }: Pick<Engine, "scratch" | "model">,
  model: ModelConfig | undefined,
  madeClaim: string,
  registry?: string,
): { volumes: Volume[]; volumeMounts: VolumeMount[] } {
  const volumes: Volume[] = scratch.map(({ path, sizeLimit, medium }) => ({
    name: scratchName(path),
    emptyDir: { sizeLimit, ...(medium === "memory" && { medium: "Memory" as const }) },
  }));
  const volumeMounts: VolumeMount[] = scratch.map(({ path }) => ({ name: scratchName(path), mountPath: path }));
  if (model === undefined || mount === undefined) return { volumes, volumeMounts };
  return {
    volumes: [...volumes, modelVolume(model, madeClaim, registry)],
    volumeMounts: [...volumeMounts, { name: "model", mountPath: mount.path, readOnly: true }],
  };
}

function modelVolume(model: ModelConfig, madeClaim: string, registry: string | undefined): Volume {
  if ("image" in model)
    return { name: "model", image: { reference: mirrored(model.image, registry), pullPolicy: "IfNotPresent" } };
  const claimName = "claim" in model ? model.claim : madeClaim;
  return { name: "model", persistentVolumeClaim: { claimName, readOnly: true } };
}

/** `/app/api/temp_files` → `scratch-app-api-temp-files`. */
function scratchName(path: string): string {
  return `scratch${path.replace(/[^a-z0-9]+/g, "-")}`;
}
