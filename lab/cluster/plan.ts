import { join } from "node:path";
import { type ClusterAddresses, clusterAddresses, type NodeAddresses } from "../addresses.ts";
import { cgroupOf } from "../hosts/cgroups.ts";
import type { HostPlan } from "../hosts/host.ts";
import { nodeDirectories } from "../hosts/mountpoints.ts";
import type { ClusterSpec, LabSpec, NodeSpec } from "../spec.ts";
import { stateDirOf } from "../state.ts";

export interface NodePlan {
  spec: NodeSpec;
  addresses: NodeAddresses;
  host: HostPlan;
  /** The kubelet's cgroupRoot. */
  cgroup: string;
  /** Name of the host's port on the bridge. */
  port: string;
}

/** Everything about a cluster that follows from its spec and its place in the lab. */
export interface ClusterPlan {
  lab: string;
  spec: ClusterSpec;
  addresses: ClusterAddresses;
  server: string;
  /** Certificates, tokens and kubeconfigs. */
  credentialsDir: string;
  controlPlane: HostPlan;
  controlPlanePort: string;
  nodes: NodePlan[];
}

export function planSwitch(lab: string): HostPlan {
  return { lab, name: "switch", hostname: "switch", dir: join(stateDirOf(lab), "switch"), mounts: [] };
}

export function planCluster(lab: LabSpec, index: number, spec: ClusterSpec): ClusterPlan {
  const addresses = clusterAddresses(index, spec.nodes.length);
  const dir = join(stateDirOf(lab.name), "clusters", spec.name);
  const host = (name: string): HostPlan => {
    return { lab: lab.name, name: `${spec.name}/${name}`, hostname: name, dir: join(dir, name), mounts: [] };
  };
  return {
    lab: lab.name,
    spec,
    addresses,
    server: `https://${addresses.controlPlane}:6443`,
    credentialsDir: join(dir, "credentials"),
    controlPlane: host("control-plane"),
    controlPlanePort: `c${index}-control`,
    nodes: addresses.nodes.flatMap((nodeAddresses, number) => {
      const node = spec.nodes[number];
      return node === undefined
        ? []
        : [planNode(lab.name, spec, node, nodeAddresses, host(node.name), `c${index}-n${number}`)];
    }),
  };
}

function planNode(
  lab: string,
  cluster: ClusterSpec,
  spec: NodeSpec,
  addresses: NodeAddresses,
  host: HostPlan,
  port: string,
): NodePlan {
  const kernelSettings = kernelSettingsOfKubelet.map(({ path }) => ({
    from: join(host.dir, "kernel", path.replaceAll("/", "-")),
    to: join("/proc/sys", path),
  }));
  const directories = nodeDirectories.map((path) => ({ from: join(host.dir, "root", path), to: path }));
  return {
    spec,
    addresses,
    host: { ...host, mounts: [...directories, ...kernelSettings] },
    cgroup: cgroupOf(lab, cluster.name, spec.name),
    port,
  };
}

/**
 * Settings of the whole machine that a kubelet would change unless they already are as it wants them. Its host shows it
 * files with these values in their place, so that it leaves the machine as it is.
 */
export const kernelSettingsOfKubelet = [
  { path: "vm/overcommit_memory", value: 1 },
  { path: "vm/panic_on_oom", value: 0 },
  { path: "kernel/panic", value: 10 },
  { path: "kernel/panic_on_oops", value: 1 },
  { path: "kernel/keys/root_maxkeys", value: 1_000_000 },
  { path: "kernel/keys/root_maxbytes", value: 25_000_000 },
] as const;
