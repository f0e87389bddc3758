import type { AirGapConfig, ClusterConfig, IngressConfig, IstioConfig } from "../../config/schema.ts";
import type { Role } from "../../services/topology.ts";
import { overlay, type HelmValue, type HelmValues } from "../helm-values.ts";
import { mirroredHub } from "../images.ts";
import type { Collector } from "../observability/collector.ts";
import { caEnv, certificateMetadata, requiredCa } from "./ca-values.ts";
import { proxyConfig, proxyResources } from "./proxy.ts";
import { gatewayValues } from "./gateway-values.ts";

/** What Istio is made of, each a release of one of its charts: both gateways are the chart `gateway`. */
export type IstioPart = "base" | "istiod" | "cni" | "gateway" | "eastWestGateway";

/** As much of a cluster as its values hang on. */
export type ValuesCluster = Pick<ClusterConfig, "name" | "network"> & Partial<Pick<ClusterConfig, "eastWestGateway">>;

/** What decides how Istio is installed. */
export interface IstioArgs {
  readonly istio: IstioConfig;
  /** How users come in; undefined where nothing of it changes the gateway. */
  readonly ingress?: IngressConfig | undefined;
  /** Where sidecars send their spans; undefined where nothing is traced. */
  readonly collector?: Collector | undefined;
  readonly airGap?: AirGapConfig | undefined;
  /** How long what passes the gateway may take: one that is to end waits for as long, else as the chart says. Seconds. */
  readonly finishSeconds?: number;
  /** Its cluster's place among others; undefined where there are none. */
  readonly place?: MeshPlace | undefined;
}

/** What Istio in one cluster is to know of the others. */
export interface MeshPlace {
  readonly role: Role;
  /** Whether istiod serves proxies of remote clusters, too. */
  readonly exposesIstiod: boolean;
  /** Hosts of which callers use pods of other clusters. */
  readonly sharedHosts: readonly string[];
  /** How istiod comes by its CA, where its key and its chain lie apart. */
  readonly splitCa: boolean;
}

/** The namespace of istiod, and the root namespace of the mesh's policies. */
export const istioNamespace = "istio-system";

/** Name of the Release of the gateway between clusters and of its Service; its namespace. */
export const eastWestName = "istio-eastwestgateway";
export const eastWestNamespace = "istio-eastwest";

/** Name of the ingress gateway's Release, its Service, and the namespace it has to itself. */
export const ingressName = "istio-ingress";

/** An account that reads every Secret of the cluster, for the istiod of another cluster, of which there is none. */
const withoutReader = { enableReaderRBAC: false };

/** istiod would otherwise have the right to run workloads in every namespace, for a Gateway API that nothing here uses. */
const withoutGatewayController = { PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER: "false" };

/** Labels of the gateway's pods, which its chart takes from that name: a `Gateway`, and istiod for an Ingress, select by them. */
export const gatewayLabels = { istio: "ingress" };

/** Labels of the pods between clusters, which their chart takes from the release's name. */
export const eastWestLabels = { istio: "eastwestgateway" };

/** Values of one part: what this mesh needs, with the stack's own values laid over. */
export function valuesOf(part: IstioPart, args: IstioArgs, cluster: ValuesCluster): HelmValues {
  const own = meshValues(part, args, cluster);
  const { values } = args.istio;
  // Of a remote's istiod there are a Service and a webhook; what else a stack says of istiod is for the one that runs.
  return args.place?.role === "remote" && part === "istiod"
    ? own
    : overlay(overlay(imageValues(args), own), values[part]);
}

/** The gateway's pod then meets Pod Security `restricted`, like every other pod of the mesh. */
const restrictedGateway = {
  seccompProfile: { type: "RuntimeDefault" },
  sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
};

function meshValues(
  part: IstioPart,
  { istio, ingress, collector, finishSeconds, place }: IstioArgs,
  cluster: ValuesCluster,
): HelmValues {
  const proxyMetadata = certificateMetadata(istio);
  const metadata = Object.keys(proxyMetadata).length > 0 ? { proxyMetadata } : {};
  switch (part) {
    case "base":
      return { defaultRevision: "default", global: withoutReader };
    case "cni":
      return {};
    case "gateway":
      return {
        networkGateway: "",
        securityContext: restrictedGateway,
        ...gatewayValues(ingress, finishSeconds, proxyMetadata),
      };
    case "eastWestGateway":
      return {
        networkGateway: cluster.network,
        securityContext: restrictedGateway,
        ...gatewayValues(undefined, finishSeconds, proxyMetadata),
        service: serviceOfEastWest(cluster),
      };
    case "istiod":
      if (place?.role === "remote") return remoteValues(cluster);
      return {
        cni: { enabled: true },
        ...requiredCa(istio, place?.splitCa),
        seccompProfile: { type: "RuntimeDefault" },
        env: { ...withoutGatewayController, ...caEnv(istio, place?.splitCa) },
        global: {
          ...withoutReader,
          ...(place?.exposesIstiod && { externalIstiod: true }),
          meshID: istio.meshId,
          multiCluster: { clusterName: cluster.name },
          network: cluster.network,
          proxy: { seccompProfile: { type: "RuntimeDefault" }, resources: proxyResources },
        },
        meshConfig: {
          trustDomain: istio.trustDomain,
          // What a policy compares with its paths is what the stage will see.
          pathNormalization: { normalization: "DECODE_AND_MERGE_SLASHES" },
          // A host that no Service or ServiceEntry declares is out of reach.
          outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
          defaultConfig: { ...proxyConfig, ...metadata },
          ...acmeConfig(ingress),
          ...tracingConfig(collector),
          serviceSettings: serviceSettings(place?.sharedHosts ?? []),
        },
      };
  }
}

/** A remote's pods are injected, and its proxies served, by the istiod of its primary. */
function remoteValues({ name, network }: ValuesCluster): HelmValues {
  return {
    profile: "remote",
    istiodRemote: { injectionPath: `/inject/cluster/${name}/net/${network}` },
    global: { ...withoutReader, multiCluster: { clusterName: name }, network },
  };
}

/**
 * Every host is the cluster's own but those that are shared: a gateway between clusters lets no other through. A cluster
 * that is alone says so too: where its last neighbour leaves, it lets go of that one's pods before they end.
 */
function serviceSettings(sharedHosts: readonly string[]): HelmValue[] {
  return [
    { settings: { clusterLocal: true }, hosts: ["*"] },
    ...(sharedHosts.length === 0 ? [] : [{ settings: { clusterLocal: false }, hosts: [...sharedHosts] }]),
  ];
}

function serviceOfEastWest({ eastWestGateway }: ValuesCluster): HelmValues {
  const { annotations = {}, sourceRanges = [] } = eastWestGateway ?? {};
  return {
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(sourceRanges.length > 0 && { loadBalancerSourceRanges: [...sourceRanges] }),
  };
}

/** Challenges of an ACME authority come as Ingresses, which go to this gateway; without one it heeds none. */
function acmeConfig(ingress: IngressConfig | undefined): HelmValues {
  const issuer = ingress?.tls?.issuer;
  return typeof issuer === "object" && "acme" in issuer ? { ingressSelector: gatewayLabels.istio } : {};
}

/** Name by which a Telemetry resource refers to the collector of traces. */
export const tracingProvider = "traces";

/** Tracing goes by a Telemetry resource; what Istio does without one, sending to a Zipkin that isn't there, is off. */
function tracingConfig(collector: Collector | undefined): HelmValues {
  if (collector === undefined) return { enableTracing: false };
  const { service, port } = collector;
  return { enableTracing: true, extensionProviders: [{ name: tracingProvider, opentelemetry: { service, port } }] };
}

/** Where the charts of Istio take their images from when nobody says otherwise. */
const publishedHub = "registry.istio.io/release";

function imageValues({ istio: { images }, airGap }: IstioArgs): HelmValues {
  if (images === undefined) {
    return airGap === undefined ? {} : { global: { hub: mirroredHub(publishedHub, airGap.registry) } };
  }
  return { global: { hub: mirroredHub(images.hub, airGap?.registry), tag: images.tag } };
}
