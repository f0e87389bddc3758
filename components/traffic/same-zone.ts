import type { ServiceConfig } from "../../config/schema.ts";
import type { Stage } from "../../services/stage.ts";

type Deciding = Pick<ServiceConfig, "preferSameZone" | "loadBalancing" | "versions" | "circuitBreaker">;

/**
 * Whether callers send to replicas in their own zone while one of them is there. It takes a circuit breaker, without which
 * Istio lets no request leave a zone.
 *
 * A zone's replicas get what the zone's callers send, however few they are, and nothing where no caller is. So the
 * default is to prefer the zone only where that does no harm: not where replicas hold GPUs, which must not idle; not where
 * an autoscaler looks at an average that idle zones keep low; not where a key has a replica, of which each zone would have
 * its own.
 */
export function prefersSameZone(stage: Pick<Stage, "gpus">, service: Deciding): boolean {
  const { preferSameZone, loadBalancing, versions, circuitBreaker } = service;
  if (preferSameZone !== undefined) return preferSameZone;
  const hashed = typeof loadBalancing !== "string";
  const autoscaled = versions.some(({ autoscaling }) => autoscaling !== undefined);
  return circuitBreaker.enabled && stage.gpus === 0 && !autoscaled && !hashed;
}
