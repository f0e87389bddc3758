import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import type { Daemon } from "../hosts/host.ts";
import { credential, kubeconfigOf } from "./credentials.ts";
import { networkPoliciesUser } from "./network-policies.ts";
import { type ClusterPlan, kernelSettingsOfKubelet, type NodePlan } from "./plan.ts";
import type { ClusterTools } from "./tools.ts";

export const containerdSocket = "/run/containerd/containerd.sock";

const cniPlugins = ["host-local", "loopback", "portmap", "ptp"];
/** Where distributions put them; Debian's place first. */
const cniPluginDirs = ["/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin"];

function cniPluginDir(): string {
  const found = cniPluginDirs.find((dir) => cniPlugins.every((plugin) => existsSync(join(dir, plugin))));
  if (found !== undefined) return found;
  throw new LabError(`none of ${cniPluginDirs.join(", ")} has the CNI plugins ${cniPlugins.join(", ")}`);
}

/** Files that the node's daemons and charts look for, written anew each time. */
export async function furnishNode(plan: ClusterPlan, node: NodePlan, tools: ClusterTools): Promise<void> {
  const root = (path: string): string => join(node.host.dir, "root", path);
  for (const dir of [root("/etc/cni/net.d"), root("/opt/cni/bin"), join(node.host.dir, "kernel")]) {
    await mkdir(dir, { recursive: true });
  }
  for (const { path, value } of kernelSettingsOfKubelet) {
    await writeFile(join(node.host.dir, "kernel", path.replaceAll("/", "-")), `${value}\n`);
  }
  for (const plugin of cniPlugins) {
    const to = join(root("/opt/cni/bin"), plugin);
    if (existsSync(to)) continue;
    await copyFile(join(cniPluginDir(), plugin), `${to}.new`);
    await rename(`${to}.new`, to);
  }
  // Istio CNI adds itself to a list that is there, so an existing one is left alone.
  const cni = join(root("/etc/cni/net.d"), "10-lab.conflist");
  if (!existsSync(cni)) await writeFile(cni, JSON.stringify(cniConfig(node), undefined, 2));
  await writeFile(join(node.host.dir, "containerd.toml"), containerdConfig(tools, await snapshotterFor(node.host.dir)));
  await writeFile(join(node.host.dir, "kubelet.json"), JSON.stringify(kubeletConfig(plan, node), undefined, 2));
}

/** Routed, not bridged: every packet of a pod passes its node's netfilter, whatever the machine's kernel has loaded. */
function cniConfig(node: NodePlan): object {
  return {
    cniVersion: "1.0.0",
    name: "lab",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: node.addresses.podCidr, gateway: node.addresses.podGateway }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

/** An overlay can't lie on another overlay, which is what the file system of a container often is. */
async function snapshotterFor(dir: string): Promise<"native" | "overlayfs"> {
  const overlayMagic = 0x794c7630;
  return (await statfs(dir)).type === overlayMagic ? "native" : "overlayfs";
}

export function snapshotterOf(config: string): string {
  const snapshotter = /^snapshotter = "(.*)"$/m.exec(config)?.[1];
  if (snapshotter === undefined) throw new LabError("containerd.toml names no snapshotter");
  return snapshotter;
}

function containerdConfig(tools: ClusterTools, snapshotter: string): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.erofs",
]

[grpc]
address = "${containerdSocket}"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "${snapshotter}"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "localhost/linly-mesh/pause:lab"

[plugins."io.containerd.cri.v1.runtime"]
# A machine's root may lack CAP_SYS_RESOURCE.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = "${tools["containerd-shim-runc-v2"]}"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

function kubeletConfig(plan: ClusterPlan, node: NodePlan): object {
  const gpuTaint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" };
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: credential(plan, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: node.cgroup,
    clusterDNS: [plan.addresses.dnsService],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    failCgroupV1: false,
    failSwapOn: false,
    // The machine's disk is not the lab's to watch over, and an image that is collected can't be pulled again.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    imageMaximumGCAge: "0s",
    nodeStatusUpdateFrequency: "5s",
    oomScoreAdj: 0,
    protectKernelDefaults: true,
    registerWithTaints: node.spec.pool === "gpu" ? [gpuTaint] : [],
    resolvConf: "",
    // Pods of a mesh start by the dozen.
    serializeImagePulls: false,
    volumePluginDir: "/var/lib/kubelet/volumeplugins",
  };
}

export function containerd(node: NodePlan, tools: ClusterTools): Daemon {
  return {
    name: "containerd",
    command: tools.containerd,
    args: ["--config", join(node.host.dir, "containerd.toml"), "--log-level", "warn"],
  };
}

/** What needs an API server that answers. */
export function nodeDaemons(plan: ClusterPlan, node: NodePlan, tools: ClusterTools): Daemon[] {
  return [kubelet(plan, node, tools), kubeProxy(plan, node, tools), networkPolicies(plan, node, tools)];
}

function kubelet(plan: ClusterPlan, node: NodePlan, tools: ClusterTools): Daemon {
  const { name, pool, zone } = node.spec;
  const labels = {
    "linly-mesh/pool": pool,
    "topology.kubernetes.io/region": plan.spec.region,
    "topology.kubernetes.io/zone": zone,
  };
  return {
    name: "kubelet",
    command: tools.kubelet,
    args: [
      `--config=${join(node.host.dir, "kubelet.json")}`,
      `--kubeconfig=${kubeconfigOf(plan, `kubelet-${name}`)}`,
      `--hostname-override=${name}`,
      `--node-ip=${node.addresses.address}`,
      `--node-labels=${Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(",")}`,
    ],
  };
}

function kubeProxy(plan: ClusterPlan, node: NodePlan, tools: ClusterTools): Daemon {
  return {
    name: "kube-proxy",
    command: tools["kube-proxy"],
    args: [
      `--kubeconfig=${kubeconfigOf(plan, "kube-proxy")}`,
      `--hostname-override=${node.spec.name}`,
      `--cluster-cidr=${plan.addresses.podCidr}`,
      "--proxy-mode=nftables",
      // The size of the connection table is the whole machine's.
      "--conntrack-max-per-core=0",
      "--oom-score-adj=0",
    ],
  };
}

/** Enforces NetworkPolicies on the packets that the node routes. */
function networkPolicies(plan: ClusterPlan, node: NodePlan, tools: ClusterTools): Daemon {
  return {
    name: "network-policies",
    command: tools["network-policies"],
    args: [
      `--kubeconfig=${kubeconfigOf(plan, networkPoliciesUser)}`,
      `--node=${node.spec.name}`,
      `--service-cluster-ip-range=${plan.addresses.serviceCidr}`,
    ],
  };
}
