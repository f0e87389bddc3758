import type { ClusterConfig, IstioConfig } from "../../config/schema.ts";
import type { IstioChart } from "./charts.ts";

export type HelmValue = string | number | boolean | null | HelmValue[] | HelmValues;
export interface HelmValues {
  [key: string]: HelmValue;
}

/** The namespace of istiod, and the root namespace of the mesh's policies. */
export const istioNamespace = "istio-system";

/** Name of the ingress gateway's Release, its Service, and the namespace it has to itself. */
export const ingressName = "istio-ingress";

/** Values of one chart: what this mesh needs, with the stack's own values laid over. */
export function valuesOf(chart: IstioChart, istio: IstioConfig, cluster: ClusterConfig): HelmValues {
  return overlay(overlay(imageValues(istio), meshValues(chart, istio, cluster)), istio.values[chart]);
}

function meshValues(chart: IstioChart, istio: IstioConfig, cluster: ClusterConfig): HelmValues {
  switch (chart) {
    case "base":
      return { defaultRevision: "default" };
    case "cni":
      return {};
    case "gateway":
      return {
        networkGateway: "",
        // The pod then meets Pod Security `restricted`, like every other pod of the mesh.
        securityContext: {
          seccompProfile: { type: "RuntimeDefault" },
          sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
        },
      };
    case "istiod":
      return {
        cni: { enabled: true },
        seccompProfile: { type: "RuntimeDefault" },
        global: {
          meshID: istio.meshId,
          multiCluster: { clusterName: cluster.name },
          network: cluster.network,
          proxy: { seccompProfile: { type: "RuntimeDefault" } },
        },
        meshConfig: {
          trustDomain: istio.trustDomain,
          // A host that no Service or ServiceEntry declares is out of reach.
          outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
          defaultConfig: { holdApplicationUntilProxyStarts: true },
        },
      };
  }
}

function imageValues({ images }: IstioConfig): HelmValues {
  return images === undefined ? {} : { global: { hub: images.hub, tag: images.tag } };
}

/** `over` laid on `base`: mappings merge key by key, everything else is replaced. */
export function overlay(base: HelmValues, over: HelmValues): HelmValues {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMapping(below) && isMapping(value) ? overlay(below, value) : value;
  }
  return merged;
}

function isMapping(value: HelmValue | undefined): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
