import { z } from "zod";
import { engineNames, realEngineNames } from "../../services/engines/index.ts";
import { suggestion } from "../nearest.ts";
import { count, cpuQuantity, dnsLabel, imageReference, memoryQuantity, share, time, weight } from "../scalars.ts";
import { egress } from "./egress.ts";
import { circuitBreaker } from "./circuit-breaker.ts";
import { env } from "./env.ts";
import { loadBalancing } from "./load-balancing.ts";
import { mirror } from "./mirror.ts";
import { model } from "./model.ts";
import { object } from "./object.ts";
import { retries } from "./retries.ts";
import { streams } from "./streams.ts";
import { timeouts } from "./timeouts.ts";

const compute = object({
  cpu: cpuQuantity.describe("CPU of one replica."),
  memory: memoryQuantity.describe("Memory of one replica."),
});

const autoscaling = object({
  min: count(1, "replicas").describe("Fewest replicas."),
  max: count(1, "replicas").describe("Most replicas."),
  cpu: share.describe("Share of the requested CPU, in percent, at which replicas are added."),
});

/** What a version is in one cluster of several; 0 replicas are none of its pods. */
const versionInCluster = object({
  weight: weight
    .optional()
    .describe(
      "Its share of the requests of callers in that cluster, where all shares total 100 as well. Default: `weight`.",
    ),
  replicas: count(0, "replicas").optional().describe("Its pods there; 0 for none. Default: `replicas`."),
  autoscaling: autoscaling.optional().describe("Its autoscaling there. Default: `autoscaling`."),
});

const version = object({
  name: dnsLabel(30).describe(
    "Name of the version: its subset, its `version` label, the end of its Deployment's name.",
  ),
  weight: weight.describe("Share of the service's requests, in percent; the weights of a service total 100."),
  image: imageReference
    .optional()
    .describe("The container's image, with a tag or digest. Default: the engine's, where it has one."),
  replicas: count(1, "replicas").optional().describe("Pods of this version. Default: 1."),
  autoscaling: autoscaling
    .optional()
    .describe("Lets a HorizontalPodAutoscaler choose the number of replicas, instead of `replicas`."),
  env: env
    .default({})
    .describe(
      "Environment of the container: texts in clear, and `{ secret: name }` for what `linly-mesh:secrets` holds.",
    ),
  args: z.array(z.string()).default([]).describe("Arguments of the container, after the engine's own."),
  model: model.optional().describe("Where this version's model lies. Default: the service's."),
  clusters: z
    .record(dnsLabel(40), versionInCluster)
    .default({})
    .describe("What differs in some clusters, by their names: a canary may thus run in one region first."),
});

/** Less than a second is no time to load a model: the probe that waits for it would fail before it first asks. */
const loading = time("a time", "1s", "8760h");

export const service = object({
  engine: z
    .enum(engineNames, {
      error: ({ input }) =>
        typeof input === "string" ? `is not an engine: ${suggestion(input, engineNames)}` : undefined,
    })
    .optional()
    .describe("The program that stands in the stage. Default: the first of the catalogue's."),
  simulates: z
    .enum(realEngineNames, {
      error: ({ input }) =>
        typeof input === "string" ? `is not an engine: ${suggestion(input, realEngineNames)}` : undefined,
    })
    .optional()
    .describe(
      "The engine in whose place the simulator stands, with its port, protocol and routes. Default: the first of the catalogue's.",
    ),
  versions: z
    .array(version)
    .min(1, { error: "is empty; a service has at least one version" })
    .describe("The versions that run side by side."),
  clusters: z
    .array(dnsLabel(40))
    .min(1, { error: "is empty; it names at least one cluster" })
    .optional()
    .describe("The clusters that run it; callers in the others use those. Default: all."),
  model: model.optional().describe("Where the model lies. Default: in the image."),
  loadBalancing: loadBalancing
    .default("LEAST_REQUEST")
    .describe("How callers choose a replica: the one with fewer requests under way, in turn, by chance, or by a key."),
  preferSameZone: z
    .boolean()
    .optional()
    .describe(
      "Whether callers keep to replicas in their own zone while one is there. Default: where no replica has a GPU, none are autoscaled, and none is chosen by a key.",
    ),
  appProtocol: z
    .enum(["tcp"], { error: 'is not "tcp"; leave it out for the protocol of the engine' })
    .optional()
    .describe(
      "`tcp`: callers' sidecars give the stage mutual TLS and an identity, and do not look into its requests. Default: the engine's.",
    ),
  timeouts: timeouts.prefault({}).describe("How long a request may take."),
  retries: retries.prefault({}).describe("What a caller tries again."),
  circuitBreaker: circuitBreaker
    .prefault({})
    .describe("When callers give up on a replica for a while, and how much they ask of all of them at once."),
  mirror: mirror
    .optional()
    .describe("Sends copies of requests to a version whose answers nobody waits for. Default: none are sent."),
  egress: egress
    .default([])
    .describe("Hosts outside the cluster that the stage may call, by TLS on port 443. Default: none."),
  streams: streams
    .prefault({})
    .describe("How long a stream may be silent, and be waited for. A stream has no timeout."),
  resources: object({
    requests: compute.describe("What the scheduler sets aside for a replica."),
    limits: compute.describe("What a replica may use at most."),
  })
    .optional()
    .describe("Replaces the engine's requests and limits."),
  gpus: count(0, "GPUs").optional().describe("GPUs a replica asks for. Default: the catalogue's."),
  startup: loading.optional().describe("Longest time a replica may take to load its model. Default: the engine's."),
  readinessPath: z
    .string()
    .regex(/^\//, { error: 'is not a path such as "/readyz"' })
    .optional()
    .describe("HTTP path that answers 200 once the model is loaded. Default: the engine's."),
});

export type ServiceInput = z.input<typeof service>;
export type ServiceConfig = z.output<typeof service>;
export type VersionConfig = z.output<typeof version>;
