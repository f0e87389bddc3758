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
  ["istiod.global.multiCluster", "set clusters[].name"],
  ["istiod.global.meshNetworks", "set clusters[].network; gateways are found by their labels"],
  ["istiod.global.externalIstiod", "set topology and clusters[].role"],
  ["istiod.global.configCluster", "set topology and clusters[].role"],
  ["istiod.global.remotePilotAddress", "set clusters[].eastWestGateway.address of the primary"],
  ["istiod.istiodRemote", "set topology and clusters[].role"],
  ["istiod.global.caAddress", "set istio.ca"],
  ["istiod.global.caName", "set istio.ca"],
  ["istiod.global.pilotCertProvider", "set istio.ca"],
  ["istiod.env.CLUSTER_ID", "set clusters[].name"],
  ["istiod.env.EXTERNAL_ISTIOD", "set topology and clusters[].role"],
  ["istiod.env.LOCAL_CLUSTER_SECRET_WATCHER", "control planes read remote secrets of their own cluster"],
  ["istiod.env.PILOT_SKIP_VALIDATE_TRUST_DOMAIN", "set istio.trustDomain, which is one for the mesh"],
  ["istiod.env.ROOT_CA_DIR", "set istio.ca"],
  ["istiod.env.USE_REMOTE_CERTS", "set istio.ca"],
  ["istiod.env.EXTERNAL_CA", "set istio.ca"],
  ["istiod.meshConfig.trustDomain", "set istio.trustDomain"],
  ["istiod.meshConfig.trustDomainAliases", "set istio.trustDomain, which is one for the mesh"],
  ["istiod.global.trustDomain", "set istio.trustDomain"],
  ["istiod.meshConfig.serviceSettings", "the program shares what is called from other clusters, and nothing else"],
  ["istiod.meshConfig.localityLbSetting", "set locality.distribute"],
  ["istiod.meshConfig.defaultConfig.proxyMetadata.ISTIO_META_CLUSTER_ID", "set clusters[].name"],
  ["istiod.meshConfig.defaultConfig.proxyMetadata.ISTIO_META_NETWORK", "set clusters[].network"],
  ["istiod.meshConfig.defaultConfig.proxyMetadata.TRUST_DOMAIN", "set istio.trustDomain"],
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
  ["istiod.meshConfig.ingressSelector", "the gateway heeds Ingresses only for ingress.tls with acme"],
  ["istiod.meshConfig.ingressService", "the gateway heeds Ingresses only for ingress.tls with acme"],
  ["istiod.meshConfig.ingressControllerMode", "the gateway heeds Ingresses only for ingress.tls with acme"],
  ["istiod.meshConfig.rootNamespace", "what holds for the whole mesh lies in istio-system, mTLS among it"],
  ["istiod.meshConfig.enableAutoMtls", "every call within the mesh is by mTLS"],
  ["istiod.global.proxy.includeInboundPorts", "a port that passes by the sidecar passes by mTLS and policies"],
  ["istiod.global.proxy.excludeInboundPorts", "a port that passes by the sidecar passes by mTLS and policies"],
  ["istiod.global.proxy.includeOutboundPorts", "what passes by the sidecar passes by egress"],
  ["istiod.global.proxy.excludeOutboundPorts", "what passes by the sidecar passes by egress"],
  ["istiod.global.proxy.includeIPRanges", "what passes by the sidecar passes by egress"],
  ["istiod.global.proxy.excludeIPRanges", "what passes by the sidecar passes by egress"],
  ["istiod.meshConfig.outboundTrafficPolicy", "the mesh is always REGISTRY_ONLY"],
  ["istiod.meshConfig.extensionProviders", "set addons.jaeger"],
  ["istiod.meshConfig.enablePrometheusMerge", "the stages' own metrics are read through their sidecars"],
  ["gateway.networkGateway", "other clusters come in by a gateway of their own"],
  ["gateway.env.ISTIO_META_REQUESTED_NETWORK_VIEW", "the gateway reaches the replicas of all networks"],
  ["gateway.name", "the gateway is always called istio-ingress"],
  ["gateway.serviceAccount.name", "the entry stage lets the gateway's own account in"],
  ["gateway.serviceAccount.create", "the entry stage lets the gateway's own account in"],
  ["gateway.labels.istio", "Gateways select the pods by istio: ingress"],
  ["gateway.kind", "the program waits for a Deployment"],
  ["gateway.service.ports", "the Gateway listens where the program says"],
  ["gateway.service.type", "users come in through a load balancer"],
  ["eastWestGateway.name", "the gateway between clusters is always called istio-eastwestgateway"],
  ["eastWestGateway.networkGateway", "set clusters[].network"],
  ["eastWestGateway.networkGatewayPorts", "Istio knows the ports between clusters by their numbers"],
  ["eastWestGateway.env.ISTIO_META_REQUESTED_NETWORK_VIEW", "set clusters[].network"],
  ["eastWestGateway.serviceAccount.name", "the gateway between clusters has an account of its own"],
  ["eastWestGateway.serviceAccount.create", "the gateway between clusters has an account of its own"],
  ["eastWestGateway.labels.istio", "Gateways select the pods by istio: eastwestgateway"],
  ["eastWestGateway.kind", "the program waits for a Deployment"],
  ["eastWestGateway.service.type", "other clusters come in through a load balancer"],
  ["eastWestGateway.service.annotations", "set clusters[].eastWestGateway.annotations"],
  ["eastWestGateway.service.loadBalancerSourceRanges", "set clusters[].eastWestGateway.sourceRanges"],
];

const charts = ["base", "istiod", "cni", "gateway", "eastWestGateway"];

/** Below these keys the charts know every value a second time; what stands below the last two goes before the value. */
export const detours = [
  ...charts.flatMap((chart) => [`${chart}._internal_defaults_do_not_set`, `${chart}.defaults`]),
  "istiod.pilot",
  "cni.cni",
];

/** Profiles change hundreds of values at once, those above among them. */
export const profiles = charts.flatMap((chart) => [`${chart}.profile`, `${chart}.global.profile`]);

/** Paths of all reserved values. */
export const reservedPaths = [...reserved.flatMap(([path]) => [path, ...inGlobal(path)]), ...profiles];

/** The annotation by which a pod of a gateway is told its own settings; its name has dots, unlike a path's parts. */
const ownSettings = "proxy.istio.io/config";

/** The program tells gateways by it how to drain, how many proxies they trust and how long their certificates last. */
function annotationFaults(values: unknown): Fault[] {
  return ["gateway", "eastWestGateway"].flatMap((chart) =>
    [[chart], [chart, "global"]].flatMap((path) => {
      const annotations = [...path, "podAnnotations"];
      if (valueAt(values, [...annotations, ownSettings]) === undefined) return [];
      const message = `${ownSettings} is not for the stack file to set: it would replace how the gateway drains`;
      return [{ path: `istio.values.${annotations.join(".")}`, message }];
    }),
  );
}

/** Helm values of a stack that would break what the program builds on them. */
export function reservedValueFaults({ istio: { values } }: LenientMesh): Fault[] {
  const all = [
    ...reserved.flatMap(([path, instead]) => [path, ...inGlobal(path)].map((at) => [at, instead] as const)),
    ...detours.map((path) => [path, "set the value itself"] as const),
    ...profiles
      // That one has a fault of its own.
      .filter((path) => valueAt(values, path.split(".")) !== "ambient")
      .map((path) => [path, "the program chooses it by the cluster's role"] as const),
  ];
  const found = all.flatMap(([path, instead]) =>
    valueAt(values, path.split(".")) === undefined
      ? []
      : [{ path: `istio.values.${path}`, message: `is not for the stack file to set: ${instead}` }],
  );
  return [...found, ...annotationFaults(values)];
}

/** The chart `gateway` takes each of its values from `global` as well. */
function inGlobal(path: string): string[] {
  const [, chart, rest] = /^(gateway|eastWestGateway)\.(.*)$/.exec(path) ?? [];
  return chart === undefined ? [] : [`${chart}.global.${rest}`];
}

/** What stands at a path of nested mappings; undefined where there is nothing. */
export function valueAt(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || value === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  return valueAt(Object.entries(value).find(([name]) => name === key)?.[1], rest);
}
