import type * as k8s from "@pulumi/kubernetes";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import type { PipelinePlan, PlannedService } from "../../services/plan.ts";
import { serviceName } from "../../services/stage.ts";
import { collectorOf, observabilityNamespace } from "../observability/collector.ts";
import { istioPorts, userPorts } from "../istio/ports.ts";
import {
  eastWestLabels,
  eastWestName,
  eastWestNamespace,
  gatewayLabels,
  ingressName,
  istioNamespace,
} from "../istio/values.ts";
import { shadowAccountName, shadowLabel } from "../service/workload.ts";
import { hasAdminRoutes } from "./service-access.ts";
import { noCrossing, type Crossing } from "./crossing.ts";
import {
  comingFrom,
  from,
  gatewayPods,
  leadingAcross,
  metricsReaders,
  needsOfSidecars,
  podsIn,
  podsOf,
  samePodNetwork,
  to,
  worldOutside,
  type EgressRule,
  type IngressRule,
} from "./network-peers.ts";

/**
 * Who may open a connection to whom, as the network sees it. Ports are those that callers name: what a sidecar takes over
 * is sent on to port 15006 inside the pod only, behind the rules. Probes come from a pod's own node, which rules always let
 * in.
 */

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;

export interface NamedPolicy {
  readonly name: string;
  readonly namespace: string;
  readonly spec: Spec;
}

export interface NetworkArgs {
  readonly config: Pick<MeshConfig, "namespace" | "namespaceExists" | "modelUploader" | "addons" | "networkPolicies">;
  readonly pipeline: PipelinePlan<ServiceConfig>;
  /** What leads to other clusters. Default: there are none. */
  readonly crossing?: Crossing;
}

/** The rules of the stages' pods, by stage. */
export function stagePolicies(args: NetworkArgs): ReadonlyMap<string, readonly NamedPolicy[]> {
  const { config, pipeline } = args;
  const stages = config.networkPolicies ? pipeline.services : [];
  return new Map(stages.map((planned) => [planned.stage.name, policiesOf(planned, args)]));
}

/**
 * What holds for any other pod in the stages' namespace: nothing in, nothing out. It comes after what lets stages through.
 * In a namespace that was there, what else runs is its owner's to wall in.
 */
export function otherwiseClosed({ config }: Pick<NetworkArgs, "config">): NamedPolicy[] {
  const { networkPolicies, namespaceExists, namespace } = config;
  if (!networkPolicies || namespaceExists) return [];
  return [{ name: "default-deny", namespace, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } }];
}

/** One policy for the pods that answer, and one for a shadow's, which calls nobody. Each says all of them: it comes at once. */
function policiesOf(
  planned: PlannedService<ServiceConfig>,
  { config, pipeline, crossing = noCrossing }: NetworkArgs,
): NamedPolicy[] {
  const { stage, service, hops, entry } = planned;
  const { namespace } = config;
  const app = serviceName(stage);
  const callers = pipeline.edges
    .filter((edge) => edge.to === stage.name)
    .map((edge) => podsOf({ name: edge.from }, namespace));
  // A network knows no accounts: any pod beside the uploader's may knock, and the sidecar tells them apart.
  const uploader = hasAdminRoutes(stage) ? [podsIn(config.modelUploader.namespace)] : [];
  const ingress = [
    ...from([...callers, ...(entry ? [gatewayPods] : []), ...uploader, ...comingFrom(crossing)], stage.engine.port),
    ...metricsReaders(config.addons),
  ];
  const needs = needsOfSidecars(config, crossing);
  const calls = [
    ...hops.flatMap((hop) => to([podsOf(hop, namespace), ...samePodNetwork(crossing)], hop.engine.port)),
    ...(hops.length > 0 ? leadingAcross(crossing) : []),
  ];
  const answering = {
    matchLabels: { app },
    matchExpressions: [{ key: shadowLabel, operator: "DoesNotExist" }],
  };
  const shadow = { matchLabels: { app, [shadowLabel]: "true" } };
  return [
    policy(app, namespace, answering, ingress, [...needs, ...calls, ...worldOutside(service.egress)]),
    ...(service.mirror === undefined ? [] : [policy(shadowAccountName(stage), namespace, shadow, ingress, needs)]),
  ];
}

/** Ports of the gateway that are for the world: HTTP, HTTPS, and where load balancers ask whether it is well. */
const publicPorts = [userPorts.http, userPorts.https, istioPorts.ready];

/** The rules of the gateway's pods. Others in their namespace, as solvers of ACME's challenges, are free. */
export function gatewayPolicies({ config, pipeline, crossing = noCrossing }: NetworkArgs): NamedPolicy[] {
  if (!config.networkPolicies) return [];
  const reached = pipeline.services.filter(({ entry }) => entry).map(({ stage }) => stage);
  const ingress = [{ ports: publicPorts.map((port) => ({ protocol: "TCP", port })) }, ...metricsReaders(config.addons)];
  const egress = [
    ...needsOfSidecars(config, crossing),
    ...reached.flatMap((stage) =>
      to([podsOf(stage, config.namespace), ...samePodNetwork(crossing)], stage.engine.port),
    ),
    ...leadingAcross(crossing),
    { to: [{ podSelector: {} }] },
  ];
  return [policy(ingressName, ingressName, { matchLabels: gatewayLabels }, ingress, egress)];
}

/** The rules of the pods by which other clusters come in: whoever reaches them knocks at the stages, and at istiod. */
export function eastWestPolicies({ config, pipeline, crossing = noCrossing }: NetworkArgs): NamedPolicy[] {
  if (!config.networkPolicies) return [];
  const istiodPorts = crossing.exposesIstiod ? [istioPorts.istiod, istioPorts.webhook] : [];
  const ports = [istioPorts.crossNetwork, istioPorts.ready, ...istiodPorts].map((port) => ({ protocol: "TCP", port }));
  const egress = [
    ...needsOfSidecars(config, crossing),
    ...istiodPorts.flatMap((port) => to([podsIn(istioNamespace, { app: "istiod" })], port)),
    ...pipeline.services.flatMap(({ stage }) =>
      to([podsOf(stage, config.namespace), ...samePodNetwork(crossing)], stage.engine.port),
    ),
  ];
  const ingress = [{ ports }, ...metricsReaders(config.addons)];
  return [policy(eastWestName, eastWestNamespace, { matchLabels: eastWestLabels }, ingress, egress)];
}

/** The rules of the namespace in which the mesh is watched: it is reached from within, and by whoever sends spans. */
export function observabilityPolicies({ config }: Pick<NetworkArgs, "config">): NamedPolicy[] {
  if (!config.networkPolicies) return [];
  const namespace = observabilityNamespace;
  const collector = collectorOf(config.addons);
  const ofOurs = collector?.namespace === namespace ? [collector] : [];
  const spans = ofOurs.flatMap(({ port }) => from([podsIn(config.namespace), gatewayPods], port));
  const ingress: IngressRule[] = [{ from: [{ podSelector: {} }] }, ...spans];
  return [{ name: namespace, namespace, spec: { podSelector: {}, policyTypes: ["Ingress"], ingress } }];
}

function policy(
  name: string,
  namespace: string,
  podSelector: Spec["podSelector"],
  ingress: IngressRule[],
  egress: EgressRule[],
): NamedPolicy {
  return { name, namespace, spec: { podSelector, policyTypes: ["Ingress", "Egress"], ingress, egress } };
}
