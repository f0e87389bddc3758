import { z } from "zod";
import { count, cpuQuantity, dnsLabel, duration, imageReference, memoryQuantity, weight } from "../scalars.ts";
import { env } from "./env.ts";
import { object } from "./object.ts";

const compute = object({
  cpu: cpuQuantity.describe("CPU of one replica."),
  memory: memoryQuantity.describe("Memory of one replica."),
});

const version = object({
  name: dnsLabel(30).describe(
    "Name of the version: its subset, its `version` label, the end of its Deployment's name.",
  ),
  weight: weight.describe("Share of the service's requests, in percent; the weights of a service total 100."),
  image: imageReference.describe("The container's image, with a tag or digest."),
  replicas: count(1, "replicas").default(1).describe("Pods of this version."),
  env: env
    .default({})
    .describe(
      "Environment of the container: texts in clear, and `{ secret: name }` for what `linly-mesh:secrets` holds.",
    ),
});

export const service = object({
  versions: z
    .array(version)
    .min(1, { error: "is empty; a service has at least one version" })
    .describe("The versions that run side by side."),
  resources: object({
    requests: compute.describe("What the scheduler sets aside for a replica."),
    limits: compute.describe("What a replica may use at most."),
  })
    .optional()
    .describe("Replaces the catalogue's requests and limits."),
  gpus: count(0, "GPUs").optional().describe("GPUs a replica asks for. Default: the catalogue's."),
  startup: duration.optional().describe("Longest time a replica may take to load its model. Default: the catalogue's."),
  readinessPath: z
    .string()
    .regex(/^\//, { error: 'is not a path such as "/readyz"' })
    .optional()
    .describe("HTTP path that answers 200 once the model is loaded. Default: the port accepts connections."),
});

export type ServiceConfig = z.output<typeof service>;
export type VersionConfig = z.output<typeof version>;
