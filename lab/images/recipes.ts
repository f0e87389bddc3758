import { existsSync, globSync, realpathSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keep, withScratch } from "../tools/cache.ts";
import { command } from "../tools/command.ts";
import type { ToolName } from "../tools/pins.ts";
import { file, folder, program } from "./entry.ts";
import type { Entry } from "./entry.ts";
import type { Start } from "./oci.ts";
import { iptables, sharedLibraries, staticBase } from "./system.ts";

/** What an image holds and how it starts. */
export type Recipe = { readonly entries: readonly Entry[]; readonly start: Start };

export type Tools = Readonly<Record<ToolName, string>>;
type Write = (tools: Tools, projectDir: string) => Promise<Recipe>;

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The lab's images, by name. Paths, users and commands are those of the images that Istio and Kubernetes publish. */
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
      file("var/lib/istio/envoy/envoy_bootstrap_tmpl.json", await bootstrapTemplate(tools, projectDir)),
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

/** The Node that the project's dependencies bring, else the one that runs this. */
function nodeOf(projectDir: string): string {
  const own = join(projectDir, "node_modules", ".bin", "node");
  return realpathSync(existsSync(own) ? own : process.execPath);
}

/**
 * The template of Envoy's configuration that pilot-agent fills in. It comes with Istio's source, which may be gone from
 * Go's cache by the time an image is made again, so a copy is kept beside pilot-agent.
 */
async function bootstrapTemplate(tools: Tools, projectDir: string): Promise<string> {
  const kept = join(dirname(tools["pilot-agent"]), "envoy_bootstrap.json");
  if (existsSync(kept)) return kept;
  const module = join(projectDir, "lab", "tools", "istio");
  const doing = "fetching Istio's source";
  await command(doing, "go", ["mod", "download", "istio.io/istio"], { cwd: module });
  const source = await command(doing, "go", ["list", "-m", "-f", "{{.Dir}}", "istio.io/istio"], { cwd: module });
  await withScratch(async (scratch) => {
    const copy = join(scratch, "template");
    await copyFile(join(source.trim(), "tools", "packaging", "common", "envoy_bootstrap.json"), copy);
    await keep(copy, kept);
  });
  return kept;
}
