import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";

/** Helm values that the rest of the program relies on, and the key that sets each instead. */
const reserved: readonly (readonly [path: string, instead: string])[] = [
  ["istiod.revision", "namespaces are injected by the default revision"],
  ["istiod.global.istioNamespace", "istiod runs in istio-system"],
  ["istiod.global.proxy.clusterDomain", "hosts are named below cluster.local"],
  ["istiod.meshConfig.enableTracing", "set addons.jaeger and telemetry.tracing"],
  ["istiod.meshConfig.extensionProviders", "set addons.jaeger"],
  ["istiod.cni.enabled", "the program always uses Istio CNI"],
  ["istiod.global.meshID", "set istio.meshId"],
  ["istiod.global.network", "set clusters[].network"],
  ["istiod.global.multiCluster.clusterName", "set clusters[].name"],
  ["istiod.meshConfig.trustDomain", "set istio.trustDomain"],
  ["istiod.meshConfig.pathNormalization", "policies rely on paths being decoded before they are compared"],
  [
    "istiod.meshConfig.defaultConfig.connectionSettings.httpMergeSlashes",
    "policies rely on slashes being merged before paths are compared",
  ],
  [
    "istiod.meshConfig.defaultConfig.connectionSettings.httpPathWithEscapedSlashesAction",
    "policies rely on paths being decoded before they are compared",
  ],
  ["istiod.env.MAX_WORKLOAD_CERT_TTL", "set istio.workloadCertificates.ttl"],
  ["istiod.env.DEFAULT_WORKLOAD_CERT_TTL", "set istio.workloadCertificates.ttl"],
  ["istiod.meshConfig.defaultConfig.proxyMetadata.SECRET_TTL", "set istio.workloadCertificates.ttl"],
  ["istiod.meshConfig.gatewayLabels", "the gateway heeds Ingresses only for ingress.tls with acme"],
  ["istiod.meshConfig.outboundTrafficPolicy", "the mesh is always REGISTRY_ONLY"],
  ["istiod.meshConfig.extensionProviders", "set addons.jaeger"],
  ["istiod.meshConfig.enablePrometheusMerge", "the stages' own metrics are read through their sidecars"],
  ["gateway.name", "the gateway is always called istio-ingress"],
  ["gateway.serviceAccount.name", "the entry stage lets the gateway's own account in"],
  ["gateway.serviceAccount.create", "the entry stage lets the gateway's own account in"],
  ["gateway.labels.istio", "Gateways select the pods by istio: ingress"],
  ["gateway.kind", "the program waits for a Deployment"],
  ["gateway.service.ports", "the Gateway listens where the program says"],
  ["gateway.service.type", "users come in through a load balancer"],
];

/** Helm values of a stack that would break what the program builds on them. */
export function reservedValueFaults({ istio: { values } }: LenientMesh): Fault[] {
  return reserved.flatMap(([path, instead]) =>
    valueAt(values, path.split(".")) === undefined
      ? []
      : [{ path: `istio.values.${path}`, message: `is not for the stack file to set: ${instead}` }],
  );
}

/** What stands at a path of nested mappings; undefined where there is nothing. */
export function valueAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || value === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  return valueAt(Object.entries(value).find(([name]) => name === key)?.[1], rest);
}
