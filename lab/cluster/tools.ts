/** Programs that a cluster runs; the tools that `ensureTools` returns are a superset. */
export type ClusterTool =
  | "containerd"
  | "containerd-shim-runc-v2"
  | "ctr"
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-proxy"
  | "kube-scheduler"
  | "kubelet"
  | "network-policies";

export type ClusterTools = Readonly<Record<ClusterTool, string>>;
