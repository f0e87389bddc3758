import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Fault } from "../faults.ts";
import { circuitBreaker as circuitBreakerSchema } from "../schema/circuit-breaker.ts";
import { retries as retriesSchema } from "../schema/retries.ts";
import type { LenientMesh } from "./lenient.ts";

const looksIntoRequests = z.object({
  consistentHash: z.union([z.object({ header: z.unknown() }), z.object({ cookie: z.unknown() })]),
});

/** What a stage whose port is opaque to its callers' sidecars asks for in vain: all that looks into requests. */
export function layer4Faults(mesh: LenientMesh): Fault[] {
  return Object.entries(mesh.services).flatMap(([stage, service]) => {
    if (service.appProtocol !== "tcp") return [];
    const at = (key: string, message: string): Fault => ({ path: `services.${stage}.${key}`, message });
    const vain = (key: string, what: string) => at(key, `has no meaning with appProtocol "tcp", where ${what}`);
    const { versions, timeouts, retries, loadBalancing, circuitBreaker, mirror, streams } = service;
    const faults: Fault[] = [];
    if (entryOf(mesh) === stage) {
      faults.push(
        at("appProtocol", `cannot be "tcp" for ${stage}, which users reach: the gateway routes their requests`),
      );
    }
    if (versions.length > 1) {
      faults.push(vain("versions", "weights would count connections and no requests; keep one version"));
    }
    if (timeouts.realtime !== undefined || timeouts.offline !== undefined)
      faults.push(vain("timeouts", "nobody sees a request begin or end"));
    if (saysOfRetries(retries)) faults.push(vain("retries", "a request that failed is not seen"));
    if (streams.idleTimeout !== undefined || streams.webSockets !== undefined)
      faults.push(vain("streams", "nobody sees a stream fall silent, or a request turn into a WebSocket"));
    if (saysOfRequests(circuitBreaker))
      faults.push(vain("circuitBreaker", "connections are limited and no requests: set maxConnections"));
    if (looksIntoRequests.safeParse(loadBalancing).success)
      faults.push(vain("loadBalancing", "no header or cookie is seen"));
    if (mirror !== undefined) faults.push(vain("mirror", "no request is seen that could be copied"));
    if (mesh.pins.dialogues?.stages.includes(stage) === true) {
      const message = `names ${stage}, of which no request can be pinned with appProtocol "tcp"`;
      faults.push({ path: "pins.dialogues.stages", message });
    }
    return faults;
  });
}

type Service = LenientMesh["services"][string];

const usualRetries = retriesSchema.parse({});
const { http2MaxRequests: usualRequests } = circuitBreakerSchema.parse({});

/** What is usual may be written as well as left out; so may that nothing is tried again, which is how it is. */
function saysOfRetries({ attempts, perTryTimeout, retryOn, budget, idempotentRoutes }: Service["retries"]): boolean {
  return (
    perTryTimeout !== undefined ||
    idempotentRoutes.length > 0 ||
    ![0, usualRetries.attempts].includes(attempts) ||
    !isDeepStrictEqual(retryOn ?? usualRetries.retryOn, usualRetries.retryOn) ||
    !isDeepStrictEqual(budget ?? usualRetries.budget, usualRetries.budget)
  );
}

function saysOfRequests({ maxRequestsPerConnection, http2MaxRequests = usualRequests }: Service["circuitBreaker"]) {
  return maxRequestsPerConnection !== undefined || http2MaxRequests !== usualRequests;
}

function entryOf({ mode, pipeline, entry }: LenientMesh): string | undefined {
  return mode === "orchestrated" ? entry : pipeline[0];
}
