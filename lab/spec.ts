/** What a lab consists of: the input of `labUp`, and nothing that is only known once it runs. */

/** A machine of a cluster. `gpus` is the number of fake `nvidia.com/gpu` it offers; nodes of the gpu pool are tainted. */
export interface NodeSpec {
  name: string;
  pool: "cpu" | "gpu";
  zone: string;
  gpus: number;
}

export interface ClusterSpec {
  name: string;
  region: string;
  network: string;
  nodes: NodeSpec[];
}

export interface LabSpec {
  name: string;
  clusters: ClusterSpec[];
}

/** One cluster, a node for the work on CPUs and one for the work on GPUs, each in a zone of its own. */
export const localLab: LabSpec = {
  name: "local",
  clusters: [
    {
      name: "local",
      region: "lab-1",
      network: "lab-1",
      nodes: [
        { name: "cpu-1", pool: "cpu", zone: "lab-1a", gpus: 0 },
        { name: "gpu-1", pool: "gpu", zone: "lab-1b", gpus: 8 },
      ],
    },
  ],
};

/** Two such clusters, each a region and a network of its own. */
export const multiclusterLab: LabSpec = { name: "multicluster", clusters: [region("north"), region("east")] };

/** A cluster like these, by its name. */
export function region(name: string): ClusterSpec {
  return {
    name,
    region: `cn-${name}`,
    network: name,
    nodes: [
      { name: "cpu-1", pool: "cpu", zone: `cn-${name}-a`, gpus: 0 },
      { name: "gpu-1", pool: "gpu", zone: `cn-${name}-b`, gpus: 8 },
    ],
  };
}

/** What stands of one host: a namespace set and the daemons in it. */
export interface HostState {
  /** `<cluster>/<node>`, `<cluster>/control-plane` or `switch`. */
  name: string;
  /** The host's pid 1, as the machine sees it; undefined when the host is dead. */
  pid: number | undefined;
  address: string | undefined;
  missingDaemons: string[];
}

export interface ClusterState {
  name: string;
  server: string;
  apiReady: boolean;
  nodes: { name: string; ready: boolean }[];
}

export interface LabState {
  name: string;
  /** Everything below is alive and ready. */
  healthy: boolean;
  /** Its contexts are named as the clusters. */
  kubeconfig: string;
  hosts: HostState[];
  clusters: ClusterState[];
}
