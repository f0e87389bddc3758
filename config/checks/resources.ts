import { isStageName, stageOf } from "../../services/catalogue.ts";
import type { Fault } from "../faults.ts";
import { bytes, cores } from "../quantities.ts";
import type { LenientMesh } from "./lenient.ts";

/** Kubernetes refuses a container whose limit is below its request. */
export function resourceFaults({ services }: LenientMesh): Fault[] {
  const scales = [
    ["cpu", cores],
    ["memory", bytes],
  ] as const;
  return Object.entries(services).flatMap(([stage, { resources }]) =>
    scales.flatMap(([name, scale]) => {
      const request = resources?.requests[name];
      const limit = resources?.limits[name];
      if (request === undefined || limit === undefined || !(scale(limit) < scale(request))) return [];
      return [
        {
          path: `services.${stage}.resources.limits.${name}`,
          message: `${JSON.stringify(limit)} is less than the request, ${JSON.stringify(request)}; a limit is at least the request`,
        },
      ];
    }),
  );
}

/** GPUs asked for on the pool that has none, or none on the pool that is there for them. */
export function gpuFaults({ services }: LenientMesh): Fault[] {
  return Object.entries(services).flatMap(([name, { gpus }]) => {
    if (gpus === undefined || !isStageName(name)) return [];
    const { pool } = stageOf(name);
    const path = `services.${name}.gpus`;
    if (pool === "cpu" && gpus > 0)
      return [{ path, message: `${gpus} on the cpu pool, where ${name} runs; there it is 0` }];
    if (pool === "gpu" && gpus === 0)
      return [{ path, message: `0 on the gpu pool, where ${name} runs; there it is at least 1` }];
    return [];
  });
}
