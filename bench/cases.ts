import { programOf, projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { configIn } from "../components/multicluster/mesh-plan.ts";
import type { MeshConfig, ServiceConfig } from "../config/schema.ts";
import type { Program } from "../engine/index.ts";

/** How many services the growth is measured over. */
export const serviceCounts = [4, 20, 100] as const;

/** How many clusters it is measured over: with one control plane for all, and with one in each. */
export const clusterCounts = [2, 5, 20, 50] as const;

/** The programs that are measured, by name; each is what its preview is made from. */
export function caseNamed(name: string): Program {
  if (name === "three") return { ...programOf(readStackFile(projectDir, "local")), entry: "bench/programs/three.ts" };
  const [, count, what] = /^(\d+) (services|clusters|primaries)$/.exec(name) ?? [];
  if (count === undefined) return programOf(readStackFile(projectDir, name));
  if (what === "services") {
    const file = readStackFile(projectDir, "prod");
    const program = programOf(file);
    const mesh = inOneCluster(file.mesh);
    const config = { ...program.config, "linly-mesh:mesh": JSON.stringify(mesh), "linly-mesh:stages": count };
    return { ...program, config, entry: "bench/programs/stages.ts" };
  }
  const file = readStackFile(projectDir, "local-multicluster");
  const mesh = inClusters(file.mesh, Number(count), what === "primaries" ? "multi-primary" : "primary-remote");
  return programOf({ ...file, config: { "linly-mesh:mesh": JSON.stringify(mesh) } });
}

export const caseNames = [
  "three",
  "local",
  "prod",
  ...serviceCounts.map((count) => `${count} services`),
  ...clusterCounts.flatMap((count) => [`${count} clusters`, `${count} primaries`]),
];

/** The mesh in the first of its clusters alone, with the weights and replicas of that. */
export function inOneCluster(mesh: MeshConfig): MeshConfig {
  const [first] = mesh.clusters;
  if (first === undefined) throw new Error("the mesh has no cluster");
  const { services, ...rest } = configIn(mesh, first);
  const here = Object.entries(services).map(([stage, service]): [string, ServiceConfig] => [
    stage,
    { ...service, versions: service.versions.map((version) => ({ ...version, clusters: {} })) },
  ]);
  return { ...rest, topology: "single", clusters: [first], services: Object.fromEntries(here) };
}

/** A mesh of two clusters in as many as asked for: all but the first are like the second, and have a network of their own. */
export function inClusters(mesh: MeshConfig, count: number, topology: MeshConfig["topology"]): MeshConfig {
  const [first, second] = mesh.clusters;
  if (first === undefined || second === undefined)
    throw new RangeError("the stack has no two clusters to take as the pattern");
  const role = topology === "primary-remote" ? ("remote" as const) : undefined;
  const others = Array.from({ length: count - 1 }, (_, index) => {
    const name = index === 0 ? second.name : `${second.name}${index + 1}`;
    const apiServer = `https://${name}.example.com:6443`;
    return { ...second, name, context: name, network: name, region: `${second.region}${index + 1}`, role, apiServer };
  });
  return { ...mesh, topology, clusters: [{ ...first, role: undefined }, ...others] };
}

/** Clusters, and the pairs of which one control plane reads the other. */
export function clustersAndPairs(count: number, what: "clusters" | "primaries"): number {
  return count + (what === "clusters" ? count - 1 : count * (count - 1));
}
