import type { Fault } from "../faults.ts";
import { isMapping } from "../mapping.ts";
import type { LenientMesh } from "./lenient.ts";
import { reservedPaths, valueAt } from "./reserved-values.ts";

/** Mappings below which no value is reserved, and the program sets some. */
const otherMappings = [
  "istiod.seccompProfile",
  "istiod.global.proxy.seccompProfile",
  "istiod.global.proxy.resources.requests",
  "istiod.global.proxy.resources.limits",
  "istiod.meshConfig.defaultConfig.proxyStatsMatcher",
  ...["gateway", "eastWestGateway"].flatMap((chart) => [
    `${chart}.podAnnotations`,
    `${chart}.global.podAnnotations`,
    `${chart}.securityContext.seccompProfile`,
  ]),
];

const istioMappings = [
  ...new Set([...reservedPaths.flatMap(ancestors), ...otherMappings.flatMap((path) => [...ancestors(path), path])]),
];
const certManagerMappings = ["crds", "global", "global.leaderElection"];
const gpuDevicePluginMappings = ["nodeSelector", "image", "config", "config.map"];

/** What stands in the place of a mapping of the program's own: Helm takes that away, for a key left empty too. */
export function mappedValueFaults({ istio, addons: { certManager, gpuDevicePlugin } }: LenientMesh): Fault[] {
  return [
    ...faultsIn("istio.values", istio.values, istioMappings),
    ...faultsIn("addons.certManager.values", certManager.values, certManagerMappings),
    ...faultsIn("addons.gpuDevicePlugin.values", gpuDevicePlugin.values, gpuDevicePluginMappings),
  ];
}

function faultsIn(place: string, values: unknown, mappings: readonly string[]): Fault[] {
  return mappings.flatMap((path) => {
    const found = valueAt(values, path.split("."));
    if (found === undefined || isMapping(found)) return [];
    const message = `${JSON.stringify(found)} is no mapping; what the program sets below it would be gone: leave the key out, or say single values`;
    return [{ path: `${place}.${path}`, message }];
  });
}

/** `istiod.global.proxy.clusterDomain` → `istiod.global`, `istiod.global.proxy`; the chart's own name is no value. */
function ancestors(path: string): string[] {
  const parts = path.split(".");
  return parts.slice(2).map((_, index) => parts.slice(0, index + 2).join("."));
}
