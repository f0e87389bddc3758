import { z } from "zod";
import { topologies } from "../services/topology.ts";
import { dnsLabel } from "./scalars.ts";
import { addons } from "./schema/addons.ts";
import { airGap } from "./schema/air-gap.ts";
import { cluster, pools } from "./schema/cluster.ts";
import { ingress } from "./schema/ingress.ts";
import { istio } from "./schema/istio.ts";
import { locality } from "./schema/locality.ts";
import { modelUploader } from "./schema/model-uploader.ts";
import { object } from "./schema/object.ts";
import { offline } from "./schema/offline.ts";
import { pins } from "./schema/pins.ts";
import { service } from "./schema/service.ts";
import { stageName } from "./schema/stage-name.ts";
import { telemetry } from "./schema/telemetry.ts";

export { installed } from "./schema/addons.ts";
export type {
  AddonsConfig,
  CertManagerConfig,
  GpuDevicePluginConfig,
  GrafanaConfig,
  Installed,
  JaegerConfig,
  PrometheusConfig,
} from "./schema/addons.ts";
export type { AirGapConfig, ChartMirror } from "./schema/air-gap.ts";
export type { ChartSource } from "./schema/charts.ts";
export type { CircuitBreakerConfig } from "./schema/circuit-breaker.ts";
export type { ClusterConfig, PoolConfig } from "./schema/cluster.ts";
export type { ClientLimit, IngressConfig, RateLimit } from "./schema/ingress.ts";
export type { IngressTlsConfig } from "./schema/ingress-tls.ts";
export type { IstioConfig } from "./schema/istio.ts";
export type { LoadBalancingConfig } from "./schema/load-balancing.ts";
export type { LocalityConfig } from "./schema/locality.ts";
export type { MirrorConfig } from "./schema/mirror.ts";
export type { ModelUploaderConfig } from "./schema/model-uploader.ts";
export type { ModelConfig } from "./schema/model.ts";
export type { OfflineConfig } from "./schema/offline.ts";
export type { PinsConfig } from "./schema/pins.ts";
export type { RetriesConfig } from "./schema/retries.ts";
export type { ServiceConfig, VersionConfig } from "./schema/service.ts";
export type { StreamsConfig } from "./schema/streams.ts";
export type { TelemetryConfig } from "./schema/telemetry.ts";
export type { TimeoutsConfig } from "./schema/timeouts.ts";
export type { UsersConfig } from "./schema/users.ts";

/** What a stack file says under `linly-mesh:mesh`. */
export const meshSchema = object({
  lab: z
    .boolean()
    .default(false)
    .describe(
      "A throw-away cluster that `linly-mesh up` and `destroy` may change. Any other stack is for `pulumi up`.",
    ),
  mode: z
    .enum(["chain", "orchestrated"], {
      error: 'is not a mode: "chain" (each stage calls the next) or "orchestrated" (the entry stage calls each)',
    })
    .describe("Who calls whom: each stage the next, or the entry stage each of the others."),
  pipeline: z
    .array(stageName)
    .min(1, { error: "is empty; a pipeline has at least one stage" })
    .describe("The stages in the order in which a request passes them."),
  entry: stageName.optional().describe("The stage that calls the others when the mode is `orchestrated`."),
  namespace: dnsLabel().default("linly").describe("Namespace in which the stages run."),
  namespaceExists: z
    .boolean()
    .default(false)
    .describe(
      "Whether the namespace is there before the first `up`, as it must be for claims of your own. It stays on `destroy`.",
    ),
  topology: z
    .enum(topologies, {
      error:
        'is not a topology: "single" (one cluster), "multi-primary" (a control plane in each) or "primary-remote" (some are served by another)',
    })
    .default("single")
    .describe("How many clusters the mesh has, and which of them have a control plane."),
  clusters: z
    .array(cluster)
    .min(1, { error: "is empty; a mesh has at least one cluster" })
    .describe("The clusters of the mesh."),
  locality: locality
    .prefault({})
    .describe("Which region serves a request, where several could: the caller's own unless it is lost."),
  pools: pools.describe("The node pools on which stages run."),
  istio: istio.describe("The mesh itself."),
  ingress: ingress.prefault({}).describe("The ingress gateway."),
  offline: offline
    .optional()
    .describe("Which requests are offline work, that real-time work goes before. Default: none."),
  pins: pins.prefault({}).describe("Requests that do not go by weight: those of testers, and of dialogues under way."),
  airGap: airGap.optional().describe("For clusters without internet: where all images and charts come from."),
  modelUploader: modelUploader
    .prefault({})
    .describe("The one identity that may ask for what changes a stage's model: uploads, and other models."),
  networkPolicies: z
    .boolean()
    .default(true)
    .describe(
      "Whether the network, too, lets only those talk who have something to say to each other. It takes a CNI that enforces NetworkPolicies.",
    ),
  addons: addons.describe("What runs beside the mesh."),
  telemetry: telemetry.describe("What the mesh measures, and what is judged by it."),
  services: z.partialRecord(stageName, service).describe("How each stage of the pipeline runs."),
});

export type MeshConfig = z.output<typeof meshSchema>;
