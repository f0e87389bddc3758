import { z } from "zod";
import {
  apiServerUrl,
  cidr,
  count,
  dnsLabel,
  hostOrAddress,
  kubernetesVersion,
  labelKey,
  labelValue,
  placeName,
} from "../scalars.ts";
import { object } from "./object.ts";

const eastWestGateway = object({
  address: hostOrAddress
    .optional()
    .describe(
      "Where remotes reach the istiod behind it. Default: the address that its load balancer gets, as for what goes between networks.",
    ),
  annotations: z
    .record(labelKey, z.string())
    .default({})
    .describe("Annotations of its Service, such as those by which a cloud makes its load balancer internal."),
  sourceRanges: z
    .array(cidr)
    .default([])
    .describe("Networks that its load balancer lets in. Default: whoever can reach it."),
});

export const cluster = object({
  name: dnsLabel(40).describe(
    "Name of the cluster in the mesh, for good: by another name it is another cluster to Pulumi, in which everything is there already and nothing can be made.",
  ),
  kubeconfig: z
    .string()
    .min(1)
    .optional()
    .describe("Path of a kubeconfig file, relative to the project. Default: the one kubectl would use."),
  context: z.string().min(1).optional().describe("Context in that file. Default: its current one."),
  network: dnsLabel().describe("Istio network: clusters whose pods reach each other directly share one."),
  region: placeName.describe("Region of the cluster's nodes, as their label `topology.kubernetes.io/region` says."),
  zones: z
    .array(placeName)
    .default([])
    .describe("Zones of its nodes, as their label `topology.kubernetes.io/zone` says. Default: not told."),
  role: z
    .enum(["primary", "remote"], {
      error: 'is not a role: "primary" (has a control plane) or "remote" (is served by that of a primary)',
    })
    .optional()
    .describe("Whether it has a control plane of its own. Default: `primary`."),
  primary: dnsLabel(40)
    .optional()
    .describe("Of a remote: the cluster whose control plane serves it. Default: the only primary."),
  apiServer: apiServerUrl
    .optional()
    .describe("Where the control planes of other clusters reach its API server. Needed where one watches it."),
  podCidrs: z
    .array(cidr)
    .default([])
    .describe("Addresses of its pods. Needed where clusters share a network: they must not overlap."),
  eastWestGateway: eastWestGateway.prefault({}).describe("The gateway by which other clusters reach it."),
  readerToken: dnsLabel(20)
    .default("1")
    .describe(
      "Name of the token by which other control planes read it; another name makes a new token and revokes the old. A name makes the same token each time: use none twice.",
    ),
  intermediate: dnsLabel(20)
    .default("1")
    .describe(
      "With `istio.ca: certManager`, name of the intermediate CA of a control plane whose root is elsewhere; another name has it signed anew.",
    ),
  drained: z
    .boolean()
    .default(false)
    .describe("Runs no stage for a while: requests that enter there are served by other clusters."),
  kubernetesVersion: kubernetesVersion
    .optional()
    .describe(
      'Oldest version of Kubernetes in the cluster: of `v1.34.2` write `"1.34"`. Default: not checked against what is used.',
    ),
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
