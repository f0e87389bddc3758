import { seconds } from "../../config/quantities.ts";
import type { ServiceConfig } from "../../config/schema.ts";
import { rollingUpdate } from "../../services/rollout.ts";
import type { StandingStage } from "../../services/standing.ts";
import type { Stage } from "../../services/stage.ts";
import { gracePeriodSeconds } from "./drain.ts";

/** What a rollout needs besides loading models: scheduling, pulling an image, the sidecar. Seconds. */
const rolloutSlackSeconds = 300;

/** Longest time one replica may take to load its model: the stack's word, else the engine's. Seconds. */
export function startupSeconds({ engine }: StandingStage, service: Pick<ServiceConfig, "startup">): number {
  return service.startup === undefined ? engine.startupSeconds : Math.ceil(seconds(service.startup));
}

/**
 * Longest time a version's pods may take to be replaced when they are replaced one after the other, each ending before
 * or after its successor loads. Seconds.
 *
 * @param wait for how long others may keep the GPU that it needs
 */
export function rolloutSeconds(
  stage: StandingStage,
  service: Pick<ServiceConfig, "startup">,
  replicas: number,
  wait = 0,
): number {
  return replicas * (startupSeconds(stage, service) + gracePeriodSeconds(stage)) + rolloutSlackSeconds + wait;
}

/**
 * How long the Deployment controller waits for progress: one pod's end and one model's loading. Seconds.
 *
 * @param wait for how long others may keep the GPU that it needs
 */
export function progressDeadlineSeconds(
  stage: StandingStage,
  service: Pick<ServiceConfig, "startup">,
  wait = 0,
): number {
  return rolloutSeconds(stage, service, 1, wait);
}

/** Longest time the pods of a version may take to be gone; they end side by side. Seconds. */
export function deletionSeconds(stage: StandingStage): number {
  return gracePeriodSeconds(stage) + rolloutSlackSeconds;
}

/** How pods are replaced, by the fewest replicas that the version has. */
export function rolloutStrategy(stage: Pick<Stage, "pool">, replicas: number) {
  return { type: "RollingUpdate", rollingUpdate: rollingUpdate(stage, replicas) };
}

/** How long the resource of a version's pods is waited for. */
export function deploymentTimeouts(
  stage: StandingStage,
  service: Pick<ServiceConfig, "startup">,
  replicas: number,
  wait: number,
) {
  const rollout = `${rolloutSeconds(stage, service, replicas, wait)}s`;
  return { create: rollout, update: rollout, delete: `${deletionSeconds(stage)}s` };
}
