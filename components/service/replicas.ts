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

/** Where a Deployment says how many pods it has. */
const numberPath = "spec.replicas";

/**
 * Who decides on the number of pods. A fixed one is the stack's word and is taken back by force from whoever changed it,
 * which an autoscaler has done by the time that it goes. With an autoscaler the Deployment says nothing, and what is there
 * stays: a field that only the stack has had would fall back to Kubernetes' default, one pod, when the stack lets go of it.
 */
export function replicasOf(version: Replicas) {
  if (version.autoscaling !== undefined) return { annotations: {}, spec: {}, ignoreChanges: [numberPath] };
  const annotations = { "pulumi.com/patchForce": "true" };
  return { annotations, spec: { replicas: fewestReplicas(version) }, ignoreChanges: [] };
}
