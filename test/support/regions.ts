import { readFileSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { ClusterView, type PodView } from "../../cli/demo/cluster-view.ts";
import { helmPath } from "../../cli/helm.ts";
import { load, type Result, type Target, type Visit } from "../../cli/demo/load.ts";
import { istioNamespace } from "../../components/istio/values.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { destroy, type Result as UpResult } from "../../engine/index.ts";
import { multiclusterLab, type LabState } from "../../lab/spec.ts";
import { kubectl, restarted, rolledOut } from "./kubectl.ts";
import { applied, startedLab } from "./lab.ts";
import { settled } from "./settled.ts";
import { stackWith } from "./stack.ts";
import { trafficTo, type Traffic } from "./traffic.ts";

/** The clusters of the stack `local-multicluster`, each a region of its own. */
export const regionNames = ["north", "east"] as const;
export type RegionName = (typeof regionNames)[number];

/** Those, and the third of a lab that has one. */
export type AnyRegionName = RegionName | "west";

export const twoRegions = "local-multicluster";
export const namespace = "linly";

/** Where a request enters that passes the whole pipeline. */
export const work = "/v1/audio/transcriptions";

/** One region: how it is looked at, and where its users enter. */
export class Region {
  readonly name: AnyRegionName;
  readonly view: ClusterView;
  /** With this cluster as its current one. */
  readonly kubeconfig: string;

  constructor(name: AnyRegionName, kubeconfig: string) {
    this.name = name;
    this.kubeconfig = `${kubeconfig}-${name}`;
    const config = z.record(z.string(), z.unknown()).parse(parse(readFileSync(kubeconfig, "utf8")));
    writeFileSync(this.kubeconfig, stringify({ ...config, "current-context": name }), { mode: 0o600 });
    this.view = new ClusterView(this.kubeconfig, name);
  }

  url(path = work): Promise<string> {
    return this.view.ingressUrl(path);
  }

  async podsOf(app: string): Promise<PodView[]> {
    return (await this.view.pods(namespace)).filter((pod) => pod.app === app);
  }

  async podOf(app: string): Promise<PodView> {
    const [pod] = await this.podsOf(app);
    if (pod === undefined) throw new Error(`${this.name} has no pod of ${app}`);
    return pod;
  }

  scale(deployment: string, replicas: number, of = namespace): Promise<string> {
    return this.#kubectl(of, ["scale", `deployment/${deployment}`, `--replicas=${replicas}`]);
  }

  /** Waits until all pods of a Deployment are as it says. */
  rolledOut(deployment: string, of = namespace): Promise<string> {
    return rolledOut(this.kubeconfig, of, deployment);
  }

  /** Replaces its pods, and waits for the new ones. */
  restarted(deployment: string, of = namespace): Promise<void> {
    return restarted(this.kubeconfig, of, deployment);
  }

  /** Namespaces that are not Kubernetes' own. */
  async ownNamespaces(): Promise<string[]> {
    const names = await kubectl(this.kubeconfig, ["get", "namespaces", "--output", "name"]);
    return names.split("\n").filter((name) => name !== "" && !/^namespace\/(default|kube-.*)$/.test(name));
  }

  /** What is done while no istiod runs here, and ends with one that does. */
  async withoutIstiod(work: () => Promise<void>): Promise<void> {
    await this.scale("istiod", 0, istioNamespace);
    await this.#kubectl(istioNamespace, ["wait", "pod", "--selector", "app=istiod", "--for=delete", "--timeout=120s"]);
    try {
      await work();
    } finally {
      await this.scale("istiod", 1, istioNamespace);
      await this.rolledOut("istiod", istioNamespace);
    }
  }

  #kubectl(of: string, args: readonly string[]): Promise<string> {
    return kubectl(this.kubeconfig, ["--namespace", of, ...args]);
  }

  /** Requests of this region's users, so many in all. */
  async sent(count: number, target: Partial<Target> = {}): Promise<Result[]> {
    const whole = { url: await this.url(), concurrency: 8, timeout: 30_000, ...target };
    return load(whole, (already) => already >= count);
  }
}

/** Both regions of a lab that runs. */
export function regionsOf({ kubeconfig }: LabState): Record<RegionName, Region> {
  return { north: new Region("north", kubeconfig), east: new Region("east", kubeconfig) };
}

/** The lab of two clusters with its stack on it, changed as a user would change its file. */
export async function meshOfRegions(
  change?: (mesh: MeshConfig) => MeshConfig,
): Promise<Record<RegionName, Region> & { readonly lab: LabState; readonly up: UpResult }> {
  const lab = await startedLab(multiclusterLab);
  const up = await applied(stackWith(twoRegions, change));
  const regions = regionsOf(lab);
  for (const { kubeconfig, view } of [regions.north, regions.east]) {
    if ((await view.pods(istioNamespace)).some(({ app }) => app === "istiod")) await settled(kubeconfig);
  }
  return { ...regions, lab, up };
}

/** The same from nothing: what a stack of both clusters left there is taken away before. */
export async function meshFromNothing(change?: (mesh: MeshConfig) => MeshConfig) {
  await startedLab(multiclusterLab);
  await destroyed(change);
  return meshOfRegions(change);
}

export async function destroyed(change?: (mesh: MeshConfig) => MeshConfig): Promise<UpResult> {
  return destroy(stackWith(twoRegions, change), { helm: () => helmPath(console.log) }, () => undefined);
}

/** The mesh with one of its clusters changed. */
export function withCluster(
  mesh: MeshConfig,
  name: RegionName,
  change: Partial<MeshConfig["clusters"][number]>,
): MeshConfig {
  return {
    ...mesh,
    clusters: mesh.clusters.map((cluster) => (cluster.name === name ? { ...cluster, ...change } : cluster)),
  };
}

/** Users of a region who go on and on. */
export async function usersOf(region: Region, target: Partial<Target> = {}): Promise<Traffic> {
  return trafficTo({ url: await region.url(), timeout: 30_000, ...target });
}

/** In which region each visit was, by the names of pods; those of pods that nobody knows any more are left out. */
export class Whereabouts {
  readonly #regions = new Map<string, AnyRegionName>();

  /** Learns the pods that a region has just now. */
  async learn(...regions: readonly Region[]): Promise<void> {
    for (const { name, view } of regions) {
      for (const pod of await view.pods(namespace)) this.#regions.set(pod.name, name);
    }
  }

  of({ pod }: Pick<Visit, "pod">): AnyRegionName | undefined {
    return this.#regions.get(pod);
  }

  /** How many visits each region had. */
  count(visits: readonly Visit[]): Record<AnyRegionName | "unknown", number> {
    const counts = { north: 0, east: 0, west: 0, unknown: 0 };
    for (const visit of visits) counts[this.of(visit) ?? "unknown"] += 1;
    return counts;
  }
}
