import type { CrossingService } from "./crossing.ts";
import { hasPods } from "./placement.ts";
import type { PipelinePlan } from "./plan.ts";
import { isShadow } from "./shadow.ts";
import { serviceName } from "./stage.ts";
import type { Role } from "./topology.ts";

/** As much of a service as a diagram shows. */
export interface DrawnService {
  readonly versions: readonly {
    readonly name: string;
    readonly weight: number;
    readonly replicas?: number | undefined;
  }[];
  readonly mirror?: { readonly to: string; readonly percent: number } | undefined;
}

/** A cluster with what it runs. */
export interface DrawnCluster {
  readonly name: string;
  readonly region: string;
  readonly network: string;
  readonly role: Role;
  /** The cluster whose control plane serves its proxies. */
  readonly controlPlane: string;
  readonly eastWestGateway: boolean;
  /** With the versions, replicas and weights of this cluster. */
  readonly pipeline: PipelinePlan<DrawnService>;
}

export interface DrawnMesh {
  readonly clusters: readonly DrawnCluster[];
  /** Every stage, by where it runs and where it is called. */
  readonly crossings: readonly CrossingService[];
}

/**
 * Several clusters as a Mermaid flowchart: in each its control plane, its way in for users, its stages with the weights that
 * callers there give to versions, its way in for other clusters. Dotted is what goes to another cluster, thick who is told
 * what to do by an istiod elsewhere.
 */
export function clustersDiagram(mesh: DrawnMesh): string {
  const { clusters } = mesh;
  return [
    "flowchart LR",
    ...clusters.map(({ name, region }) => {
      return `  ${id(name, "users")}(("users in ${region}")) -- HTTP --> ${id(name, "ingress")}`;
    }),
    ...clusters.flatMap((cluster) => inside(cluster)),
    ...clusters
      .filter(({ role }) => role === "remote")
      .map(({ name, controlPlane }) => `  ${id(controlPlane, "istiod")} == "serves" ==> ${frame(name)}`),
    ...clusters.flatMap((cluster) => versionsElsewhere(cluster, clusters)),
    ...clusters.flatMap((from) =>
      clusters.filter((to) => to !== from).flatMap((to) => crossing(from, to, mesh.crossings)),
    ),
  ].join("\n");
}

function inside(cluster: DrawnCluster): string[] {
  const { name, region, role, controlPlane, eastWestGateway, pipeline } = cluster;
  const running = pipeline.services.filter(({ service }) => runs(service));
  const here = (stage: string) => running.some((one) => one.stage.name === stage);
  const title = role === "primary" ? "primary" : `remote of ${controlPlane}`;
  return [
    `  subgraph ${frame(name)}["${name} in ${region}, ${title}"]`,
    ...(role === "primary" ? [`    ${id(name, "istiod")}{{"istiod"}}`] : []),
    `    ${id(name, "ingress")}["ingress gateway"]`,
    ...running.flatMap(({ stage, service }) => [
      `    ${id(name, stage.name)}(["${serviceName(stage)}"])`,
      ...service.versions.filter(hasPods).map((version) => {
        const node = `${id(name, stage.name, version.name)}["${version.name}"]`;
        return `    ${id(name, stage.name)} ${arrowTo(service, version)} ${node}`;
      }),
    ]),
    ...running
      .filter(({ entry }) => entry)
      .map(({ stage }) => `    ${id(name, "ingress")} -- mTLS --> ${id(name, stage.name)}`),
    ...pipeline.edges
      .filter(({ from, to }) => here(from) && here(to))
      .map(({ from, to }) => `    ${id(name, from)} -- mTLS --> ${id(name, to)}`),
    ...(eastWestGateway ? [`    ${id(name, "eastwest")}["east-west gateway"]`] : []),
    "  end",
  ];
}

/** To a version, from the service that it is one of: its share of the requests, or of which it gets copies. */
export function arrowTo({ mirror }: DrawnService, version: DrawnService["versions"][number]): string {
  if (mirror !== undefined && isShadow({ mirror }, version)) {
    return `-. "copies of ${mirror.percent} %" .->`;
  }
  return `-- "${version.weight} %" -->`;
}

/** Shares that callers of a cluster give to versions of which no pods run there, though others of the stage do. */
function versionsElsewhere({ name, pipeline }: DrawnCluster, clusters: readonly DrawnCluster[]): string[] {
  return pipeline.services
    .filter(({ service }) => runs(service))
    .flatMap(({ stage, service }) =>
      service.versions
        .filter((version) => version.weight > 0 && !hasPods(version))
        .flatMap((version) =>
          clusters
            .filter((other) => hasVersion(other, stage.name, version.name))
            .map((other) => {
              const arrow = `-. "${version.weight} %" .->`;
              return `  ${id(name, stage.name)} ${arrow} ${id(other.name, stage.name, version.name)}`;
            }),
        ),
    );
}

/** What goes from one cluster to another: all calls to what runs only elsewhere, others when those at home are lost. */
function crossing(from: DrawnCluster, to: DrawnCluster, crossings: readonly CrossingService[]): string[] {
  const called = crossings.filter(({ runsIn, calledIn }) => runsIn.includes(to.name) && calledIn.includes(from.name));
  const [both, onlyThere] = [true, false].map((alsoHere) =>
    called.filter(({ runsIn }) => runsIn.includes(from.name) === alsoHere).map(({ name }) => name),
  );
  const door = from.network === to.network ? frame(to.name) : id(to.name, "eastwest");
  return [
    ...(onlyThere ?? []).flatMap((stage) =>
      callersOf(from, stage).map((caller) => `  ${caller} -. "${stage}" .-> ${door}`),
    ),
    ...(both === undefined || both.length === 0 ? [] : [`  ${frame(from.name)} -. "${both.join(", ")}" .-> ${door}`]),
  ];
}

/** Who calls a stage in a cluster: its ingress gateway, or stages that run there. */
function callersOf({ name, pipeline: { services, edges } }: DrawnCluster, called: string): string[] {
  const isEntry = services.some(({ stage, entry }) => stage.name === called && entry);
  const stages = edges
    .filter(({ to }) => to === called)
    .map(({ from }) => from)
    .filter((from) => services.some(({ stage, service }) => stage.name === from && runs(service)));
  return [...(isEntry ? ["ingress"] : []), ...stages].map((caller) => id(name, caller));
}

function hasVersion({ pipeline }: DrawnCluster, stageName: string, versionName: string): boolean {
  return pipeline.services.some(
    ({ stage, service }) =>
      stage.name === stageName && service.versions.some((version) => version.name === versionName && hasPods(version)),
  );
}

function runs({ versions }: DrawnService): boolean {
  return versions.some(hasPods);
}

/** The box of a cluster. A cluster may be called "end", which ends a box. */
function frame(cluster: string): string {
  return id(cluster, "cluster");
}

/** Mermaid takes no hyphens; names have no underscores, so two of them can't be mistaken for what joins names. */
function id(...names: readonly string[]): string {
  return names.map((name) => name.replaceAll("-", "__")).join("_");
}
