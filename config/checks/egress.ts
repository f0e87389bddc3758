import type { Fault } from "../faults.ts";
import { misspelt } from "../nearest.ts";
import { engineOf } from "./engines.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";

/** Hosts that stand twice, and those that miss by a letter what the engine calls: nothing would let that through. */
export function egressFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([stage, service]) => {
    const { egress } = service;
    const path = (index: number) => `services.${stage}.egress[${index}]`;
    const twice = repeated(egress).filter(({ value }) => value !== "");
    const engine = engineOf(stage, service);
    const called = engine?.egress ?? [];
    return [
      ...twice.map(({ value, index }) => ({ path: path(index), message: `${JSON.stringify(value)} stands twice` })),
      ...egress.flatMap((host, index) => {
        const meant = host === "" || called.includes(host) ? undefined : misspelt(host, called);
        if (engine === undefined || meant === undefined || egress.includes(meant)) return [];
        const message = `${JSON.stringify(host)} is not what ${engine.name} calls; did you mean ${JSON.stringify(meant)}?`;
        return [{ path: path(index), message }];
      }),
    ];
  });
}
