import { z } from "zod";
import { count, dnsLabel, kubernetesVersion, labelKey, labelValue } from "../scalars.ts";
import { object } from "./object.ts";

export const cluster = object({
  name: dnsLabel(40).describe("Name of the cluster in the mesh."),
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe("Path of a kubeconfig file, relative to the project. Default: the one kubectl would use."),
  context: z.string().min(1).optional().describe("Context in that file. Default: its current one."),
  network: dnsLabel().describe("Istio network: clusters whose pods reach each other directly share one."),
  region: dnsLabel().describe("Region of the cluster's nodes, as their label `topology.kubernetes.io/region` says."),
  kubernetesVersion: kubernetesVersion
    .optional()
    .describe("Oldest version of Kubernetes in the cluster: `1.33`. Default: not checked against what is used."),
});

const toleration = object({
  key: labelKey.describe("Key of the taint."),
  value: labelValue.optional().describe("The taint's value. Default: any."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("The taint's effect. Default: any."),
});

const poolShape = {
  nodeSelector: z
    .record(labelKey, labelValue)
    .refine((labels) => Object.keys(labels).length > 0, {
      error: "is empty; it names at least one label of the pool's nodes",
    })
    .describe("Labels that the pool's nodes carry."),
  tolerations: z.array(toleration).default([]).describe("Taints that the pool's pods put up with."),
};

const pool = object(poolShape);

const gpuPool = object({
  ...poolShape,
  nodes: count(0, "nodes").optional().describe("Most nodes that the pool has. Default: its capacity is not checked."),
  gpusPerNode: count(1, "GPUs")
    .optional()
    .describe("GPUs of a node, before time slicing. Default: its capacity is not checked."),
});

export const pools = object({
  cpu: pool.describe("Where stages without a GPU run."),
  gpu: gpuPool.describe("Where stages with a GPU run."),
}).prefault({
  cpu: { nodeSelector: { "linly-mesh/pool": "cpu" } },
  gpu: {
    nodeSelector: { "linly-mesh/pool": "gpu" },
    tolerations: [{ key: "nvidia.com/gpu", effect: "NoSchedule" }],
  },
});

export type ClusterConfig = z.output<typeof cluster>;
export type PoolConfig = z.output<typeof pool>;
