import type { VersionConfig } from "../../config/schema.ts";

type Replicas = Pick<VersionConfig, "replicas" | "autoscaling">;

/** The fewest pods of a version. */
export function fewestReplicas({ replicas = 1, autoscaling }: Replicas): number {
  return autoscaling?.min ?? replicas;
}

/** The most pods of a version. */
export function mostReplicas({ replicas = 1, autoscaling }: Replicas): number {
  return autoscaling?.max ?? replicas;
}
