import type { AirGapConfig, ClusterConfig, IngressConfig, IstioConfig } from "../../config/schema.ts";
import { overlay, type HelmValues } from "../helm-values.ts";
import { mirroredHub } from "../images.ts";
import type { Collector } from "../observability/collector.ts";
import { caEnv, certificateMetadata, requiredCa } from "./ca-values.ts";
import { proxyConfig, proxyResources } from "./proxy.ts";
import { gatewayValues } from "./gateway-values.ts";

/** The charts Istio is made of. */
export type IstioChart = "base" | "istiod" | "cni" | "gateway";

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
}

/** The namespace of istiod, and the root namespace of the mesh's policies. */
export const istioNamespace = "istio-system";

/** Name of the ingress gateway's Release, its Service, and the namespace it has to itself. */
export const ingressName = "istio-ingress";

/** An account that reads every Secret of the cluster, for the istiod of another cluster, of which there is none. */
const withoutReader = { enableReaderRBAC: false };

/** istiod would otherwise have the right to run workloads in every namespace, for a Gateway API that nothing here uses. */
const withoutGatewayController = { PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER: "false" };

/** Labels of the gateway's pods, which its chart takes from that name: a `Gateway`, and istiod for an Ingress, select by them. */
export const gatewayLabels = { istio: "ingress" };

/** Values of one chart: what this mesh needs, with the stack's own values laid over. */
export function valuesOf(chart: IstioChart, args: IstioArgs, cluster: ClusterConfig): HelmValues {
  return overlay(overlay(imageValues(args), meshValues(chart, args, cluster)), args.istio.values[chart]);
}

function meshValues(
  chart: IstioChart,
  { istio, ingress, collector, finishSeconds }: IstioArgs,
  cluster: ClusterConfig,
): HelmValues {
  const proxyMetadata = certificateMetadata(istio);
  const metadata = Object.keys(proxyMetadata).length > 0 ? { proxyMetadata } : {};
  switch (chart) {
    case "base":
      return { defaultRevision: "default", global: withoutReader };
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
        ...gatewayValues(ingress, finishSeconds, proxyMetadata),
      };
    case "istiod":
      return {
        cni: { enabled: true },
        ...requiredCa(istio),
        seccompProfile: { type: "RuntimeDefault" },
        env: { ...withoutGatewayController, ...caEnv(istio) },
        global: {
          ...withoutReader,
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
        },
      };
  }
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
