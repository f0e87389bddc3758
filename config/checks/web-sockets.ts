import type { Fault } from "../faults.ts";
import { engineOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";

/** Stages that are to take WebSockets, and whose engine speaks nothing that one could begin with. */
export function webSocketFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, service]) => {
    const engine = engineOf(stage, service);
    if (service.streams.webSockets !== true || engine === undefined || engine.protocol === "http") return [];
    const message = `has no meaning for ${engine.name}, which speaks ${engine.protocol}: a WebSocket begins as HTTP/1.1; leave it out`;
    return [{ path: `services.${stage}.streams.webSockets`, message }];
  });
}
