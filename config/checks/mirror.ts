import type { Fault } from "../faults.ts";
import { suggestion } from "../nearest.ts";
import { engineOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";

/** Mirrors to a version that is not there or that answers callers too, and of calls that nobody could copy. */
export function mirrorFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, service]) => {
    const { mirror, versions } = service;
    if (mirror?.to === undefined) return [];
    if (engineOf(stage, service)?.protocol === "grpc") {
      const message =
        "has no meaning for an engine that speaks gRPC: its calls don't tell how long they are, and none is copied";
      return [{ path: `services.${stage}.mirror`, message }];
    }
    const path = `services.${stage}.mirror.to`;
    const shadow = versions.find(({ name }) => name === mirror.to);
    if (shadow === undefined) {
      const names = versions.flatMap(({ name }) => name ?? []);
      return [
        { path, message: `${JSON.stringify(mirror.to)} is no version of ${stage}: ${suggestion(mirror.to, names)}` },
      ];
    }
    if (!(shadow.weight > 0)) return [];
    const found = `${JSON.stringify(mirror.to)} has weight ${shadow.weight}`;
    return [{ path, message: `${found}; a shadow answers no caller, as it can call no other stage: give it weight 0` }];
  });
}
