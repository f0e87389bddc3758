import type * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig, MeshConfig } from "../config/schema.ts";
import type { PlannedCluster } from "../services/topology.ts";
import { AddOns } from "./addons/add-ons.ts";
import { Cluster } from "./cluster.ts";
import { Istio } from "./istio/istio.ts";
import type { IstioArgs } from "./istio/values.ts";
import { EastWestGateway } from "./multicluster/east-west-gateway.ts";
import { ExposedIstiod } from "./multicluster/exposed-istiod.ts";
import type { MeshPlan, PlannedSite } from "./multicluster/mesh-plan.ts";
import { Reader } from "./multicluster/reader.ts";
import { RemoteSecret } from "./multicluster/remote-secret.ts";
import { collectorOf } from "./observability/collector.ts";
import { eastWestPolicies } from "./security/network-policies.ts";
import { entryFinishSeconds } from "./service/drain.ts";

/** One cluster with Istio in it, and its ways to the others: where services can come. */
export interface Site extends PlannedSite {
  readonly cluster: Cluster;
  readonly addOns: AddOns;
  readonly istioArgs: IstioArgs;
  readonly istio: Istio;
  /** The way in for other clusters; undefined where none comes by a gateway. */
  readonly eastWest: EastWestGateway | undefined;
  /** What pods of a remote wait for: the control plane that serves them has to know of their cluster. */
  readonly known: readonly pulumi.Resource[];
}

/** A control plane and, where remotes are to reach it, the way to its istiod. */
interface Primary extends Site {
  readonly exposed: ExposedIstiod | undefined;
}

/** The clusters of a mesh: first those with a control plane, then those that one of these serves. */
export function layFoundations(config: MeshConfig, { sites }: MeshPlan): Site[] {
  const primaries: Primary[] = [];
  const begun = sites.map((planned) => begin(config, planned));
  for (const site of begun.filter(({ plan }) => plan.role === "primary")) {
    primaries.push(
      primaryOf(
        config,
        site,
        primaries.find(({ plan }) => plan.holdsRoot),
      ),
    );
  }
  const remotes = begun.filter(({ plan }) => plan.role === "remote").map((site) => remoteOf(config, site, primaries));
  for (const watched of primaries) connect(watched, watched.istio, primaries);
  return [...primaries, ...remotes];
}

type Begun = Omit<Site, "istio" | "eastWest" | "known">;

function begin(config: MeshConfig, planned: PlannedSite): Begun {
  const cluster = new Cluster(planned.plan);
  const { istio, ingress, airGap } = config;
  const collector = collectorOf(config.addons);
  const finishSeconds = entryFinishSeconds(planned.pipeline);
  const istioArgs = { istio, ingress, airGap, collector, finishSeconds, place: planned.place };
  return { ...planned, cluster, addOns: new AddOns(cluster, config), istioArgs };
}

function primaryOf(config: MeshConfig, site: Begun, root: Primary | undefined): Primary {
  const { cluster, plan, istioArgs, addOns } = site;
  const controlPlane = { certManager: addOns.certManager?.component, root };
  const istio = new Istio(cluster, istioArgs, { controlPlane });
  const eastWest = plan.eastWestGateway ? gatewayOf(config, site, istio, []) : undefined;
  const exposed = plan.exposesIstiod && eastWest !== undefined ? new ExposedIstiod(cluster, eastWest) : undefined;
  return { ...site, istio, eastWest, exposed, known: [] };
}

function remoteOf(config: MeshConfig, site: Begun, primaries: readonly Primary[]): Site {
  const { cluster, plan, istioArgs } = site;
  const primary = primaries.find((one) => one.plan.cluster.name === plan.controlPlane);
  if (primary?.eastWest === undefined || primary.exposed === undefined) {
    throw new Error(`cluster ${plan.cluster.name} has no way to the istiod of ${plan.controlPlane}`);
  }
  const { address } = primary.eastWest;
  const remote = { controlPlane: primary.cluster, address, after: [primary.exposed.route] };
  const istio = new Istio(cluster, istioArgs, { remote });
  const known = connect(site, istio, primaries);
  const eastWest = plan.eastWestGateway ? gatewayOf(config, site, istio, known) : undefined;
  return { ...site, istio, eastWest, known };
}

function gatewayOf(config: MeshConfig, site: Begun, istio: Istio, after: readonly pulumi.Resource[]): EastWestGateway {
  const networkPolicies = eastWestPolicies({ ...site, config });
  return new EastWestGateway(site.cluster, { ...site.istioArgs, networkPolicies, after }, istio);
}

/** Lets every control plane that is to watch a cluster do so. */
function connect(
  watched: { readonly cluster: Cluster; readonly plan: PlannedCluster<ClusterConfig> },
  { namespace }: Istio,
  primaries: readonly Primary[],
): pulumi.Resource[] {
  const watching = primaries.filter(({ plan }) => plan.watches.includes(watched.plan.cluster.name));
  if (watching.length === 0) return [];
  const reader = new Reader(watched.cluster, namespace);
  return watching.map(({ cluster, istio }) => {
    const secretArgs = { watched: watched.cluster, reader, after: [istio.namespace] };
    return new RemoteSecret(cluster, secretArgs).secret;
  });
}
