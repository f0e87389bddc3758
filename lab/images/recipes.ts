import { existsSync, globSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { ISTIO_SOURCE } from "../tools/pins.ts";
import type { ToolName } from "../tools/pins.ts";
import { fromSource } from "../tools/source.ts";
import { file, folder, link, program } from "./entry.ts";
import type { Entry } from "./entry.ts";
import type { Start } from "./oci.ts";
import { iptables, sharedLibraries, staticBase } from "./system.ts";

/** What an image holds and how it starts. */
export type Recipe = { readonly entries: readonly Entry[]; readonly start: Start };

export type Tools = Readonly<Record<ToolName, string>>;
export type Write = (tools: Tools, projectDir: string) => Promise<Recipe>;

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The template of Envoy's configuration that pilot-agent fills in, in Istio's source. */
const BOOTSTRAP = join("tools", "packaging", "common", "envoy_bootstrap.json");

const CERT_MANAGER_PARTS = ["controller", "webhook", "cainjector", "startupapicheck"] as const;
type CertManagerPart = (typeof CERT_MANAGER_PARTS)[number];

/** The lab's images, by name. Paths, users and commands are those of the images that their projects publish. */
export const RECIPES: Readonly<Record<string, Write>> = {
  pause: async (tools) => ({
    entries: [program("pause", tools.pause)],
    start: { User: "65534:65534", Entrypoint: ["/pause"] },
  }),

  coredns: async (tools) => ({
    entries: [...staticBase(), program("coredns", tools.coredns)],
    start: { User: "65534:65534", Entrypoint: ["/coredns"] },
  }),

  pilot: async (tools) => ({
    entries: [...staticBase(), program("usr/local/bin/pilot-discovery", tools["pilot-discovery"])],
    start: { User: "1337:1337", Entrypoint: ["/usr/local/bin/pilot-discovery"], Env: [PATH] },
  }),

  proxyv2: async (tools, projectDir) => ({
    entries: [
      ...staticBase(),
      ...(await sharedLibraries([tools.envoy])),
      ...(await iptables()),
      program("usr/local/bin/pilot-agent", tools["pilot-agent"]),
      program("usr/local/bin/envoy", tools.envoy),
      file(
        "var/lib/istio/envoy/envoy_bootstrap_tmpl.json",
        await fromSource(tools["pilot-agent"], ISTIO_SOURCE, BOOTSTRAP, join(projectDir, "lab", "tools")),
      ),
      folder("etc/istio/proxy", { owner: 1337 }),
    ],
    start: { Entrypoint: ["/usr/local/bin/pilot-agent"], Env: [PATH], WorkingDir: "/" },
  }),

  "install-cni": async (tools) => ({
    entries: [
      ...staticBase(),
      ...(await iptables()),
      program("usr/local/bin/install-cni", tools["install-cni"]),
      program("opt/cni/bin/istio-cni", tools["istio-cni"]),
    ],
    start: { Cmd: ["/usr/local/bin/install-cni"], Env: [`${PATH}:/opt/cni/bin`], WorkingDir: "/opt/cni/bin" },
  }),

  "cert-manager-controller": async (tools) => certManager(tools, "controller"),
  "cert-manager-webhook": async (tools) => certManager(tools, "webhook"),
  "cert-manager-cainjector": async (tools) => certManager(tools, "cainjector"),
  "cert-manager-startupapicheck": async (tools) => certManager(tools, "startupapicheck"),

  prometheus: async (tools) => ({
    entries: [
      ...staticBase(),
      program("bin/prometheus", tools.prometheus),
      program("bin/promtool", tools.promtool),
      folder("etc/prometheus", { owner: 65534 }),
      folder("prometheus", { owner: 65534, mode: 0o775 }),
    ],
    start: {
      User: "65534:65534",
      Entrypoint: ["/bin/prometheus"],
      Cmd: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
      Env: [PATH],
      WorkingDir: "/prometheus",
    },
  }),

  jaeger: async (tools) => ({
    entries: [...staticBase(), program("cmd/jaeger/jaeger-linux", tools.jaeger)],
    start: {
      User: "10001:10001",
      Entrypoint: ["/cmd/jaeger/jaeger-linux"],
      Env: [PATH],
    },
  }),

  simulator: async (_tools, projectDir) => {
    const node = nodeOf(projectDir);
    const source = join(projectDir, "services", "simulator");
    return {
      entries: [
        ...staticBase(),
        ...(await sharedLibraries([node])),
        program("usr/local/bin/node", node),
        ...globSync(["*.ts", "package.json"], { cwd: source })
          .sort()
          .map((name) => file(`simulator/${name}`, join(source, name))),
      ],
      start: {
        User: "1000:1000",
        Entrypoint: ["/usr/local/bin/node", "main.ts"],
        Env: [PATH],
        WorkingDir: "/simulator",
      },
    };
  },
};

/** Images that measurements add to these. */
export const BENCH_RECIPES: Readonly<Record<string, Write>> = {
  "bench-stage": async (tools) => ({
    entries: [...staticBase(), program("usr/local/bin/bench-stage", tools["bench-stage"])],
    start: { User: "1000:1000", Entrypoint: ["/usr/local/bin/bench-stage"], Env: [PATH] },
  }),
};

/** One part of cert-manager. All parts are one program, which looks at the name it is started by; so they share a layer. */
function certManager(tools: Tools, part: CertManagerPart): Recipe {
  const path = "app/cmd/cert-manager";
  return {
    entries: [
      ...staticBase(),
      program(path, tools["cert-manager"]),
      ...CERT_MANAGER_PARTS.map((name) => link(`app/cmd/${name}/${name}`, `/${path}`)),
    ],
    start: { User: "1000:1000", Entrypoint: [`/app/cmd/${part}/${part}`], Env: [PATH] },
  };
}

/** The Node that the project's dependencies bring, else the one that runs this. */
function nodeOf(projectDir: string): string {
  const own = join(projectDir, "node_modules", ".bin", "node");
  return realpathSync(existsSync(own) ? own : process.execPath);
}
