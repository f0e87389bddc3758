import type { LoadBalancingConfig } from "../../config/schema.ts";
import type { LoadBalancerSettings } from "../istio/generated/destination-rule.ts";

/** How the sidecars of callers choose among the replicas of a subset. */
export function loadBalancerOf(config: LoadBalancingConfig): LoadBalancerSettings {
  if (typeof config === "string") return { simple: config };
  const { consistentHash } = config;
  if ("header" in consistentHash) return { consistentHash: { httpHeaderName: consistentHash.header } };
  if ("cookie" in consistentHash) {
    const { cookie, ttl } = consistentHash;
    return { consistentHash: { httpCookie: { name: cookie, path: "/", ttl } } };
  }
  return { consistentHash: { useSourceIp: true } };
}
