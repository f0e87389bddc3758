import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ToolError } from "./errors.ts";

const CONTAINERD = ["containerd", "containerd-shim-runc-v2", "ctr"] as const;
const KUBERNETES = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const;
const PROMETHEUS = ["prometheus", "promtool"] as const;
const ISTIO = ["pilot-discovery", "pilot-agent", "install-cni", "istio-cni", "istioctl", "charts"] as const;

/** Every tool of the lab. */
export const TOOL_NAMES = [
  "etcd",
  ...CONTAINERD,
  ...KUBERNETES,
  ...ISTIO,
  "helm",
  "coredns",
  "cert-manager",
  "network-policies",
  ...PROMETHEUS,
  "jaeger",
  "pause",
  "envoy",
] as const;

/** What measurements run in a lab; built for them alone. */
export const BENCH_TOOL_NAMES = ["bench-stage"] as const;

export type ToolName = (typeof TOOL_NAMES)[number] | (typeof BENCH_TOOL_NAMES)[number];

/** A Go module of this folder; its go.mod pins what its tools are built from. */
export type GoModule = {
  readonly folder: string;
  /** The module whose version is the tools'; none where the source is ours. */
  readonly pinned?: string;
  readonly tags?: readonly string[];
  /** Variables that the linker sets, from the pinned version. */
  readonly variables?: (version: string) => Readonly<Record<string, string>>;
  readonly tools: readonly { readonly name: ToolName; readonly goPackage: string }[];
  /** How long a build with empty caches takes on two cores. */
  readonly seconds: number;
};

/** Istio's module carries no release number: it is a commit of the 1.31 line. */
export const ISTIO_VERSION = "1.31.0-lab";

/** Where a module's source is pinned: a folder here, and the Go module that its go.mod requires. */
export type Source = { readonly folder: string; readonly pinned: string };
export const ISTIO_SOURCE: Source = { folder: "istio", pinned: "istio.io/istio" };
export const CERT_MANAGER_SOURCE: Source = {
  folder: "cert-manager",
  pinned: "github.com/cert-manager/cert-manager",
};

/** In the order they are built: the first are small, so that the sources of the large ones arrive meanwhile. */
export const MODULES: readonly GoModule[] = [
  {
    folder: "etcd",
    pinned: "go.etcd.io/etcd/server/v3",
    tools: [{ name: "etcd", goPackage: "go.etcd.io/etcd/server/v3" }],
    seconds: 60,
  },
  {
    folder: "containerd",
    pinned: "github.com/containerd/containerd/v2",
    tags: ["no_btrfs", "no_devmapper", "no_zfs"],
    variables: (version) => ({ "github.com/containerd/containerd/v2/version.Version": version }),
    tools: CONTAINERD.map((name) => ({
      name,
      goPackage: `github.com/containerd/containerd/v2/cmd/${name}`,
    })),
    seconds: 80,
  },
  {
    folder: "kubernetes",
    pinned: "k8s.io/kubernetes",
    // Without it the API server tells a version that is not semver, and charts misread it.
    variables: (version) => ({ "k8s.io/component-base/version.gitVersion": version }),
    tools: KUBERNETES.map((name) => ({ name, goPackage: `k8s.io/kubernetes/cmd/${name}` })),
    seconds: 410,
  },
  {
    ...ISTIO_SOURCE,
    variables: () => ({
      "istio.io/istio/pkg/version.buildVersion": ISTIO_VERSION,
      "istio.io/istio/pkg/version.buildTag": ISTIO_VERSION,
      "istio.io/istio/pkg/version.buildStatus": "Clean",
    }),
    tools: [
      { name: "pilot-discovery", goPackage: "istio.io/istio/pilot/cmd/pilot-discovery" },
      { name: "pilot-agent", goPackage: "istio.io/istio/pilot/cmd/pilot-agent" },
      { name: "install-cni", goPackage: "istio.io/istio/cni/cmd/install-cni" },
      { name: "istio-cni", goPackage: "istio.io/istio/cni/cmd/istio-cni" },
      { name: "istioctl", goPackage: "istio.io/istio/istioctl/cmd/istioctl" },
      { name: "charts", goPackage: "./charts" },
    ],
    seconds: 350,
  },
  {
    folder: "helm",
    pinned: "helm.sh/helm/v3",
    variables: (version) => ({ "helm.sh/helm/v3/internal/version.version": version }),
    tools: [{ name: "helm", goPackage: "helm.sh/helm/v3/cmd/helm" }],
    seconds: 10,
  },
  {
    ...CERT_MANAGER_SOURCE,
    variables: (version) => ({ "github.com/cert-manager/cert-manager/pkg/util.AppVersion": version }),
    tools: [{ name: "cert-manager", goPackage: "." }],
    seconds: 60,
  },
  {
    folder: "network-policies",
    pinned: "github.com/cloudnativelabs/kube-router/v2",
    tools: [{ name: "network-policies", goPackage: "." }],
    seconds: 5,
  },
  {
    folder: "prometheus",
    pinned: "github.com/prometheus/prometheus",
    // Of all that it can discover targets with, only Kubernetes: the rest is clouds' SDKs.
    tags: ["remove_all_sd", "enable_kubernetes_sd"],
    variables: (version) => ({ "github.com/prometheus/common/version.Version": releaseOf(version) }),
    tools: PROMETHEUS.map((name) => ({ name, goPackage: `github.com/prometheus/prometheus/cmd/${name}` })),
    seconds: 100,
  },
  {
    folder: "coredns",
    pinned: "github.com/coredns/coredns",
    tools: [{ name: "coredns", goPackage: "." }],
    seconds: 10,
  },
  {
    folder: "jaeger",
    pinned: "github.com/jaegertracing/jaeger",
    tools: [{ name: "jaeger", goPackage: "." }],
    seconds: 40,
  },
  { folder: "pause", tools: [{ name: "pause", goPackage: "." }], seconds: 2 },
  {
    folder: "bench-stage",
    pinned: "fortio.org/fortio",
    tools: [{ name: "bench-stage", goPackage: "." }],
    seconds: 20,
  },
];

/** The version that a module's go.mod pins, "own" for a source of ours. */
export function pinnedVersion({ folder, pinned }: Pick<GoModule, "folder" | "pinned">, root: string): string {
  if (pinned === undefined) return "own";
  const file = join(root, folder, "go.mod");
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [module, version] = line
      .replace(/^require\s/, "")
      .trim()
      .split(/\s+/);
    if (module === pinned && version !== undefined) return version;
  }
  throw new ToolError(`${file} requires no ${pinned}`);
}

/** The release of Prometheus that is the Go module v0.315.0: 3.15.0. */
export function releaseOf(version: string): string {
  const [, minor = "0", patch = "0"] = version.split(".");
  return `${Math.floor(Number(minor) / 100)}.${Number(minor) % 100}.${patch}`;
}

/**
 * Flags of `go build` for a module at a version. What debuggers read is not made at all, as the linker would leave it out;
 * and calls are inlined in Go's own packages alone, where programs spend most of their time: compilers spend it on the
 * others. It takes a third off a build (docs/lab.md).
 */
export function buildFlags({ tags = [], variables }: GoModule, version: string): string[] {
  const linker = Object.entries(variables?.(version) ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  const ldflags = ["-s -w", ...linker].join(" ");
  const compiler = ["-gcflags=all=-l -dwarf=false", "-gcflags=std=-dwarf=false"];
  return ["-trimpath", "-buildvcs=false", ...compiler, ...tagFlags(tags), "-ldflags", ldflags];
}

export function tagFlags(tags: readonly string[]): string[] {
  return tags.length > 0 ? ["-tags", tags.join(",")] : [];
}

/** What `go build -o FOLDER/` calls the program of a package. */
export function programName(goPackage: string, folder: string): string {
  const path = goPackage === "." ? folder : goPackage.replace(/\/v\d+$/, "");
  return path.slice(path.lastIndexOf("/") + 1);
}
