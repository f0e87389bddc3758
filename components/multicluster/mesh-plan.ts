import type { ClusterConfig, MeshConfig, ServiceConfig } from "../../config/schema.ts";
import { exposedIn, shared, type CrossingService } from "../../services/crossing.ts";
import { hasPods, placedIn } from "../../services/placement.ts";
import { planPipeline, type PipelinePlan } from "../../services/plan.ts";
import { planTopology, type PlannedCluster, type TopologyPlan } from "../../services/topology.ts";
import { meshPlace } from "../istio/place.ts";
import type { MeshPlace } from "../istio/values.ts";
import type { Crossing } from "../security/crossing.ts";
import { hostOf } from "../service/workload.ts";

/** The stack as one of its clusters has it. */
export interface PlannedSite {
  readonly plan: PlannedCluster<ClusterConfig>;
  /** With the versions, replicas and weights of this cluster. */
  readonly config: MeshConfig;
  readonly pipeline: PipelinePlan<ServiceConfig>;
  readonly place: MeshPlace | undefined;
  readonly crossing: Crossing;
  /** Hosts that other networks may call here. */
  readonly exposedHosts: readonly string[];
}

export interface MeshPlan {
  readonly topology: TopologyPlan<ClusterConfig>;
  /** In the order in which they can be built. */
  readonly sites: readonly PlannedSite[];
  /** Each stage, as each cluster has it that is not drained just now. */
  readonly placements: ReadonlyMap<string, readonly ServiceConfig[]>;
  /** Each stage, by where it runs and where it is called just now. */
  readonly crossings: readonly CrossingService[];
}

/** What each cluster of a stack gets. */
export function planMesh(config: MeshConfig): MeshPlan {
  const topology = planTopology(config.topology, config.clusters);
  const placedBy = (clusterOf: (cluster: ClusterConfig) => ClusterConfig) =>
    topology.clusters.map((plan) => {
      const own = configIn(config, clusterOf(plan.cluster));
      return { plan, config: own, pipeline: planPipeline(own) };
    });
  const placed = placedBy((cluster) => cluster);
  // A cluster that is drained for a while changes no rule: its pods go and come, and callers see no more than that.
  const settled = placedBy((cluster) => ({ ...cluster, drained: false }));
  const usual = crossingServices(settled);
  const hosts = (names: readonly string[]) => names.map((name) => hostOf({ name }, config.namespace));
  const sharedHosts = hosts(shared(usual));
  const sites = placed.map((site): PlannedSite => {
    const { plan } = site;
    const exposed = exposedIn(plan.cluster, usual, config.clusters);
    return {
      ...site,
      place: meshPlace(topology, plan, config.istio, sharedHosts),
      crossing: crossingOf(plan, config.clusters),
      exposedHosts: hosts(exposed),
    };
  });
  const placements = new Map(
    usual.map(({ name }) => [
      name,
      settled.flatMap(({ pipeline }) => pipeline.services.filter(({ stage }) => stage.name === name)).map(serviceOf),
    ]),
  );
  return { topology, sites, placements, crossings: crossingServices(placed) };
}

function serviceOf({ service }: { readonly service: ServiceConfig }): ServiceConfig {
  return service;
}

/** The stack file with what it says of one cluster laid over. */
export function configIn(config: MeshConfig, cluster: ClusterConfig): MeshConfig {
  const services: MeshConfig["services"] = {};
  for (const [stage, service] of Object.entries(config.services)) {
    Object.assign(services, { [stage]: placedIn<ServiceConfig["versions"][number], ServiceConfig>(service, cluster) });
  }
  return { ...config, services };
}

type Placed = Pick<PlannedSite, "plan" | "pipeline">;

function crossingServices(placed: readonly Placed[]): CrossingService[] {
  const [first] = placed;
  if (first === undefined) return [];
  const runs = (name: string) => placed.filter((site) => runsAt(site, name)).map(({ plan }) => plan.cluster.name);
  return first.pipeline.services.map(({ stage, entry }) => {
    const callers = first.pipeline.edges.filter(({ to }) => to === stage.name).map(({ from }) => from);
    const calledIn = entry ? placed.map(({ plan }) => plan.cluster.name) : [...new Set(callers.flatMap(runs))];
    return { name: stage.name, runsIn: runs(stage.name), calledIn };
  });
}

function runsAt({ pipeline }: Placed, name: string): boolean {
  return pipeline.services.some(({ stage, service }) => stage.name === name && service.versions.some(hasPods));
}

function crossingOf(plan: PlannedCluster<ClusterConfig>, clusters: readonly ClusterConfig[]): Crossing {
  const neighbours = clusters.filter(
    ({ name, network }) => network === plan.cluster.network && name !== plan.cluster.name,
  );
  return {
    istiodElsewhere: plan.role === "remote",
    exposesIstiod: plan.exposesIstiod,
    gateway: clusters.some(({ network }) => network !== plan.cluster.network),
    podCidrs: neighbours.flatMap(({ podCidrs }) => podCidrs),
  };
}
