import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { detours, profiles, valueAt } from "./reserved-values.ts";

/** Helm values that switch ambient mode on, each with what it takes to. */
const switches = [
  { path: "istiod.env.PILOT_ENABLE_AMBIENT", on: "true" },
  { path: "istiod.meshConfig.defaultConfig.proxyMetadata.ISTIO_META_ENABLE_HBONE", on: "true" },
  { path: "cni.ambient.enabled", on: "true" },
  ...profiles.map((path) => ({ path, on: "ambient" })),
];

/** Ambient mode, in which none of what the program says of sidecars would hold. */
export function ambientFaults({ istio: { values }, topology }: LenientMesh): Fault[] {
  const across = topology === "primary-remote" ? ", and with primary-remote ambient mode reaches no other network" : "";
  return switches
    .flatMap(({ path, on }) => [path, ...byDetours(path)].map((at) => ({ path: at, on })))
    .filter(({ path, on }) => String(valueAt(values, path.split("."))) === on)
    .map(({ path }) => ({
      path: `istio.values.${path}`,
      message: `switches ambient mode on: what this program says of requests is said to sidecars${across}; remove it`,
    }));
}

/** `cni.ambient.enabled` → `cni.cni.ambient.enabled`: where the charts take the same value from. */
function byDetours(path: string): string[] {
  const [chart = "", ...value] = path.split(".");
  return detours.filter((detour) => detour.startsWith(`${chart}.`)).map((detour) => [detour, ...value].join("."));
}
