import { z } from "zod";
import { stageNames } from "../services/catalogue.ts";
import { suggestion } from "./nearest.ts";
import {
  count,
  cpuQuantity,
  dnsLabel,
  duration,
  hostname,
  imageHub,
  imageReference,
  imageTag,
  labelKey,
  labelValue,
  memoryQuantity,
  semver,
  trustDomain,
  weight,
} from "./scalars.ts";

/** An object that knows all its keys; an unknown one is named together with the nearest known. */
function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? unknownKeys(issue.keys ?? [], known) : undefined),
  });
}

/** What is wrong with keys that are not known: one line for each, in their order. */
export function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `is an unknown key: ${suggestion(key, known)}`).join("\n");
}

const stageName = z.enum(stageNames, {
  error: ({ input }) =>
    typeof input === "string" ? `is not a stage of the catalogue: ${suggestion(input, stageNames)}` : undefined,
});

const compute = object({ cpu: cpuQuantity, memory: memoryQuantity });

const envName = z.string().regex(/^[A-Za-z_]\w*$/, { error: 'is not the name of a variable such as "MODEL"' });

const version = object({
  /** Name of the version: its subset, its `version` label, the end of its Deployment's name. */
  name: dnsLabel(30),
  /** Share of the service's requests, in percent. */
  weight,
  image: imageReference,
  replicas: count(1, "replicas").default(1),
  /** Environment of the container, in clear. Secrets do not belong here. */
  env: z.record(envName, z.string()).default({}),
});

const service = object({
  versions: z.array(version).min(1, { error: "is empty; a service has at least one version" }),
  /** Replaces the catalogue's requests and limits. */
  resources: object({ requests: compute, limits: compute }).optional(),
  /** GPUs a replica asks for. Default: the catalogue's. */
  gpus: count(0, "GPUs").optional(),
  /** Longest time a replica may take to load its model. Default: the catalogue's. */
  startup: duration.optional(),
  /** HTTP path that answers 200 once the model is loaded. Default: the port accepts connections. */
  readinessPath: z.string().regex(/^\//, { error: 'is not a path such as "/readyz"' }).optional(),
});

const toleration = object({
  key: labelKey,
  /** The taint's value. Default: any. */
  value: labelValue.optional(),
  /** The taint's effect. Default: any. */
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
});

const pool = object({
  /** Labels that the pool's nodes carry. */
  nodeSelector: z.record(labelKey, labelValue).refine((labels) => Object.keys(labels).length > 0, {
    error: "is empty; it names at least one label of the pool's nodes",
  }),
  tolerations: z.array(toleration).default([]),
});

const cluster = object({
  name: dnsLabel(40),
  /** Path of a kubeconfig file, relative to the project. Default: the one kubectl would use. */
  kubeconfig: z.string().min(1).optional(),
  /** Context in that file. Default: its current one. */
  context: z.string().min(1).optional(),
  /** Istio network: clusters whose pods reach each other directly share one. */
  network: dnsLabel(),
  region: dnsLabel(),
});

const charts = z.union(
  [
    object({ folder: z.string().min(1) }),
    object({ repository: z.url({ protocol: /^https?$/ }), version: semver }),
    object({ oci: z.string().regex(/^oci:\/\//), version: semver }),
  ],
  {
    error:
      'is not a source of charts: { folder: path }, { repository: "https://…", version: "1.31.1" } or { oci: "oci://…", version: "1.31.1" }',
  },
);

const helmValues = z.record(z.string(), z.json()).default({});

const istio = object({
  charts,
  /** Where Istio's own images come from. Default: what the charts say. */
  images: object({ hub: imageHub, tag: imageTag }).optional(),
  meshId: dnsLabel().default("linly"),
  /** SPIFFE trust domain of every workload identity. */
  trustDomain: trustDomain.default("cluster.local"),
  /** Helm values laid over the program's own, for each chart. */
  values: object({ base: helmValues, istiod: helmValues, cni: helmValues, gateway: helmValues }).prefault({}),
});

/** What a stack file says under `linly-mesh:mesh`. */
export const meshSchema = object({
  /** A throw-away cluster that `linly-mesh up` and `destroy` may change. Any other stack is for `pulumi up`. */
  lab: z.boolean().default(false),
  mode: z.enum(["chain", "orchestrated"], {
    error: 'is not a mode: "chain" (each stage calls the next) or "orchestrated" (the entry stage calls each)',
  }),
  /** The stages in the order in which a request passes them. */
  pipeline: z.array(stageName).min(1, { error: "is empty; a pipeline has at least one stage" }),
  /** The stage that calls the others when the mode is `orchestrated`. */
  entry: stageName.optional(),
  namespace: dnsLabel().default("linly"),
  clusters: z
    .array(cluster)
    .length(1, { error: "must hold exactly one cluster: this release builds a mesh of one cluster" }),
  pools: object({ cpu: pool, gpu: pool }).prefault({
    cpu: { nodeSelector: { "linly-mesh/pool": "cpu" } },
    gpu: {
      nodeSelector: { "linly-mesh/pool": "gpu" },
      tolerations: [{ key: "nvidia.com/gpu", effect: "NoSchedule" }],
    },
  }),
  istio,
  /** The names under which users reach the pipeline. */
  ingress: object({ hosts: z.array(hostname).min(1) }).prefault({ hosts: ["*"] }),
  services: z.partialRecord(stageName, service),
});

export type MeshConfig = z.output<typeof meshSchema>;
export type ClusterConfig = MeshConfig["clusters"][number];
export type IstioConfig = MeshConfig["istio"];
export type ServiceConfig = z.output<typeof service>;
export type VersionConfig = z.output<typeof version>;
export type PoolConfig = z.output<typeof pool>;
export type ChartSource = z.output<typeof charts>;
