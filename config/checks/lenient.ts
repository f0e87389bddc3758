import { z } from "zod";
import { topologies } from "../../services/topology.ts";
import { dnsLabel, retention, wholeMilliseconds } from "../scalars.ts";
import { usualAttempts } from "../schema/retries.ts";

const text = z.string().optional().catch(undefined);
const quantity = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const compute = z.object({ cpu: quantity, memory: quantity }).partial().catch({});
const anything = z.unknown().optional();
const mapping = z.record(z.string(), z.unknown()).catch({});

const number = z.number().optional().catch(undefined);
const model = z.object({ image: text, claim: text, size: text }).partial().optional().catch(undefined);

const autoscaling = z.object({ min: number, max: number }).optional().catch(undefined);
const inCluster = z
  .object({ weight: number, replicas: number, autoscaling })
  .catch({ weight: undefined, replicas: undefined, autoscaling: undefined });

const version = z.object({
  name: text,
  weight: z.number().catch(Number.NaN),
  env: mapping,
  args: z.array(z.string().catch("")).catch([]),
  image: anything,
  replicas: number,
  autoscaling,
  model,
  clusters: z.record(z.string(), inCluster).catch({}),
});

const time = wholeMilliseconds.optional().catch(undefined);
const timeouts = z
  .object({ realtime: time, offline: time, connect: time })
  .catch({ realtime: undefined, offline: undefined, connect: undefined });
const retries = z
  .object({
    attempts: z.number().catch(usualAttempts),
    perTryTimeout: time,
    retryOn: anything,
    budget: anything,
    idempotentRoutes: z.array(z.unknown()).catch([]),
  })
  .catch({
    attempts: usualAttempts,
    perTryTimeout: undefined,
    retryOn: undefined,
    budget: undefined,
    idempotentRoutes: [],
  });

const circuitBreaker = z
  .object({ enabled: z.boolean().catch(true), http2MaxRequests: number, maxRequestsPerConnection: number })
  .catch({ enabled: true, http2MaxRequests: undefined, maxRequestsPerConnection: undefined });

const streams = z
  .object({ idleTimeout: text, webSockets: z.boolean().optional().catch(undefined) })
  .catch({ idleTimeout: undefined, webSockets: undefined });

const service = z.object({
  engine: text,
  simulates: text,
  appProtocol: text,
  loadBalancing: anything,
  preferSameZone: z.boolean().optional().catch(undefined),
  timeouts,
  retries,
  circuitBreaker,
  streams,
  model,
  versions: z.array(version).catch([]),
  clusters: z.array(z.string().catch("")).optional().catch(undefined),
  resources: z.object({ requests: compute, limits: compute }).optional().catch(undefined),
  gpus: number,
  egress: z.array(z.string().catch("")).catch([]),
  mirror: z.object({ to: text }).optional().catch(undefined),
});

const unreadable = {
  engine: undefined,
  simulates: undefined,
  appProtocol: undefined,
  loadBalancing: undefined,
  preferSameZone: undefined,
  timeouts: timeouts.parse(undefined),
  retries: retries.parse(undefined),
  circuitBreaker: circuitBreaker.parse(undefined),
  streams: streams.parse(undefined),
  versions: [],
  clusters: undefined,
  model: undefined,
  resources: undefined,
  gpus: undefined,
  egress: [],
  mirror: undefined,
};

const cluster = z.object({
  name: z.string().catch(""),
  kubeconfig: text,
  context: text,
  network: text,
  region: text,
  zones: z.array(z.string()).catch([]),
  role: text,
  primary: text,
  apiServer: text,
  podCidrs: z.array(z.string()).catch([]),
  drained: z.boolean().catch(false),
  kubernetesVersion: text,
});

const locality = z.object({
  distribute: z
    .record(z.string(), z.record(z.string(), z.number().catch(Number.NaN)).catch({}))
    .optional()
    .catch(undefined),
});

const gpuPool = z.object({ nodes: number, gpusPerNode: number });
const uncounted = { nodes: undefined, gpusPerNode: undefined };

const charts = z.object({ version: text, digests: anything }).catch({ digests: undefined });
const install = z.boolean().catch(true);

const unreadablePrometheus = {
  install: true,
  existing: undefined,
  operator: undefined,
  scrapeInterval: undefined,
  retention: undefined,
};

const addons = z.object({
  prometheus: z
    .object({
      install,
      existing: anything,
      operator: anything,
      scrapeInterval: time,
      retention: retention.optional().catch(undefined),
    })
    .catch(unreadablePrometheus),
  grafana: z.object({ install }).catch({ install: true }),
  certManager: z
    .object({ install, charts, values: mapping })
    .catch({ install: true, charts: { digests: undefined }, values: {} }),
  gpuDevicePlugin: z
    .object({
      charts,
      values: mapping,
      timeSlicing: z.object({ replicas: number }).optional().catch(undefined),
      mig: text,
      migProfile: text,
    })
    .catch({
      charts: { digests: undefined },
      values: {},
      timeSlicing: undefined,
      mig: undefined,
      migProfile: undefined,
    }),
});

const limit = z.object({ requests: number, interval: text }).optional().catch(undefined);

const issuer = z.object({ issuer: text, jwks: anything, jwksUri: anything });
const users = z
  .object({ issuers: z.array(issuer.catch({ issuer: undefined, jwks: undefined, jwksUri: undefined })).catch([]) })
  .optional()
  .catch({ issuers: [] });
const tls = z.object({ issuer: anything, duration: text, renewBefore: text }).optional().catch(undefined);

const ingress = z.object({
  tls,
  hosts: z.array(z.string().catch("")).optional().catch([]),
  numTrustedProxies: number,
  limit,
  clientLimit: limit,
  users,
});
const noIngress = {
  tls: undefined,
  hosts: undefined,
  numTrustedProxies: undefined,
  limit: undefined,
  clientLimit: undefined,
  users: undefined,
};

const enabled = { enabled: true, within: undefined };
const alert = z.object({ enabled: z.boolean().catch(true), within: time }).catch(enabled);

const telemetry = z.object({
  metrics: z
    .object({ source: z.string().catch("istio"), disabled: z.array(z.string()).catch([]) })
    .catch({ source: "istio", disabled: [] }),
  alerts: z.object({ latency: alert, errors: alert }).catch({ latency: enabled, errors: enabled }),
});

/**
 * As much of a stack file as the checks across values read, whatever else is wrong with it: a part of the wrong shape
 * counts as absent, because the schema has already named it.
 */
export const lenientMesh = z.object({
  lab: z.boolean().catch(false),
  mode: text,
  pipeline: z.array(z.string().catch("")).catch([]),
  // Undefined where it is left out, and a name that is none for what is no text.
  entry: z.string().optional().catch(""),
  namespace: z.string().catch("linly"),
  namespaceExists: z.boolean().catch(false),
  networkPolicies: z.boolean().catch(true),
  modelUploader: z
    .object({ namespace: z.string().catch("admin"), serviceAccount: z.string().catch("model-uploader") })
    .catch({ namespace: "admin", serviceAccount: "model-uploader" }),
  // Undefined for what is no topology.
  topology: anything.transform((given) => topologies.find((known) => known === (given ?? topologies[0]))),
  clusters: z.array(cluster).catch([]),
  locality: locality.catch({ distribute: undefined }),
  pools: z.object({ gpu: gpuPool.catch(uncounted) }).catch({ gpu: uncounted }),
  ingress: ingress.catch(noIngress),
  offline: z
    .object({ header: z.string().catch("x-linly-offline") })
    .optional()
    .catch(undefined),
  pins: z
    .object({
      testers: z
        .object({ header: z.string().catch("x-linly-versions"), claim: anything })
        .optional()
        .catch(undefined),
      dialogues: z
        .object({ stages: z.array(z.string().catch("")).catch([]) })
        .optional()
        .catch(undefined),
    })
    .catch({ testers: undefined, dialogues: undefined }),
  istio: z
    .object({ meshId: dnsLabel().optional().catch(undefined), ca: text, values: mapping, charts })
    .catch({ meshId: undefined, ca: undefined, values: {}, charts: { digests: undefined } }),
  airGap: z
    .object({ charts: z.object({ oci: text }).catch({ oci: undefined }) })
    .optional()
    .catch(undefined),
  addons: addons.catch({
    certManager: { install: true, charts: { digests: undefined }, values: {} },
    prometheus: unreadablePrometheus,
    grafana: { install: true },
    gpuDevicePlugin: {
      charts: { digests: undefined },
      values: {},
      timeSlicing: undefined,
      mig: undefined,
      migProfile: undefined,
    },
  }),
  telemetry: telemetry.catch({
    metrics: { source: "istio", disabled: [] },
    alerts: { latency: enabled, errors: enabled },
  }),
  services: z.record(z.string(), service.catch(unreadable)).catch({}),
});

export type LenientMesh = z.output<typeof lenientMesh>;
