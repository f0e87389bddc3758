import type { Stage } from "./stage.ts";

/**
 * How the pods of a version are replaced. A new pod of the gpu pool needs a GPU that the old one holds, so with several
 * replicas one goes before its successor comes; a single one is replaced only once its successor serves.
 *
 * @param replicas the fewest that the version has
 */
export function rollingUpdate({ pool }: Pick<Stage, "pool">, replicas: number) {
  return pool === "gpu" && replicas > 1 ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 };
}
