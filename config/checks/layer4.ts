import { z } from "zod";
import type { Fault } from "../faults.ts";
import { usualAttempts } from "../schema/retries.ts";
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
    if (circuitBreaker.maxRequestsPerConnection !== undefined || circuitBreaker.http2MaxRequests !== undefined)
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

function saysOfRetries(retries: LenientMesh["services"][string]["retries"]): boolean {
  const { attempts, perTryTimeout, retryOn, budget, idempotentRoutes } = retries;
  const given = [perTryTimeout, retryOn, budget].some((value) => value !== undefined);
  // Either number of tries is what there is anyway: the usual one, and none.
  return given || idempotentRoutes.length > 0 || ![0, usualAttempts].includes(attempts);
}

function entryOf({ mode, pipeline, entry }: LenientMesh): string | undefined {
  return mode === "orchestrated" ? entry : pipeline[0];
}
