import type { ServiceConfig } from "../../config/schema.ts";
import type { Stage } from "../../services/stage.ts";

type Deciding = Pick<ServiceConfig, "preferSameZone" | "loadBalancing" | "circuitBreaker">;

/**
 * Whether callers send to replicas in their own zone while one of them is there. It takes a circuit breaker, without which
 * Istio lets no request leave a zone.
 *
 * A zone's replicas get what the zone's callers send, however few they are, and nothing where no caller is. So the
 * default is to prefer the zone only where that does no harm: not where replicas hold GPUs, which must not idle; not where
 * an autoscaler looks at an average that idle zones keep low; not where a key has a replica, of which each zone would have
 * its own.
 *
 * @param autoscaled whether an autoscaler sees to any of its versions, wherever they run
 */
export function prefersSameZone(stage: Pick<Stage, "gpus">, service: Deciding, autoscaled: boolean): boolean {
  const { preferSameZone, loadBalancing, circuitBreaker } = service;
  if (preferSameZone !== undefined) return preferSameZone;
  const hashed = typeof loadBalancing !== "string";
  return circuitBreaker.enabled && stage.gpus === 0 && !autoscaled && !hashed;
}
