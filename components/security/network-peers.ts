import type * as k8s from "@pulumi/kubernetes";
import { installed, type MeshConfig } from "../../config/schema.ts";
import { serviceName } from "../../services/stage.ts";
import { istioPorts } from "../istio/ports.ts";
import { collectorOf, observabilityNamespace } from "../observability/collector.ts";
import { eastWestLabels, eastWestNamespace, gatewayLabels, ingressName, istioNamespace } from "../istio/values.ts";
import { noCrossing, type Crossing } from "./crossing.ts";
import { egressPort } from "./egress.ts";

/** With whom pods of the mesh have something to talk about, as NetworkPolicies name them. */

export type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
export type IngressRule = k8s.types.input.networking.v1.NetworkPolicyIngressRule;
export type EgressRule = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

/** Pods of this namespace with these labels, or any. */
export function podsIn(namespace: string, labels?: Record<string, string>): Peer {
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    ...(labels !== undefined && { podSelector: { matchLabels: labels } }),
  };
}

/** Pods of a stage. */
export function podsOf(stage: { readonly name: string }, namespace: string): Peer {
  return podsIn(namespace, { app: serviceName(stage) });
}

/** Pods of the ingress gateway. */
export const gatewayPods = podsIn(ingressName, gatewayLabels);

/** These peers come in on this port. A rule without peers would let everybody in, so there is none. */
export function from(peers: readonly Peer[], port: number): IngressRule[] {
  return peers.length === 0 ? [] : [{ from: [...peers], ports: [{ protocol: "TCP", port }] }];
}

/** These peers are reached on this port. */
export function to(peers: readonly Peer[], port: number): EgressRule[] {
  return peers.length === 0 ? [] : [{ to: [...peers], ports: [{ protocol: "TCP", port }] }];
}

/** Whoever reads the metrics: the mesh's own Prometheus, or one of which nobody knows where it runs. */
export function metricsReaders({ prometheus }: MeshConfig["addons"]): IngressRule[] {
  if (installed(prometheus) !== undefined) {
    return from([podsIn(observabilityNamespace, { app: "prometheus" })], istioPorts.metrics);
  }
  const isRead = prometheus.install === false && (prometheus.operator ?? prometheus.existing) !== undefined;
  return isRead ? from([{ namespaceSelector: {} }], istioPorts.metrics) : [];
}

/** Where a cache of the node's answers DNS, as its own documents have it. */
const nodeLocalDns = "169.254.20.10/32";

/**
 * What every sidecar needs: names, its certificate and configuration, and somewhere to send its spans. The port of DNS
 * pods is the cluster's own affair; rules see it and not that of their Service. The same goes for a collector that was there.
 */
export function needsOfSidecars(
  { addons }: Pick<MeshConfig, "addons">,
  { istiodElsewhere }: Pick<Crossing, "istiodElsewhere"> = noCrossing,
): EgressRule[] {
  const collector = collectorOf(addons);
  return [
    { to: [podsIn("kube-system", { "k8s-app": "kube-dns" })] },
    {
      to: [{ ipBlock: { cidr: nodeLocalDns } }],
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    },
    // That of another cluster is behind an address which nobody knows before it is there.
    ...(istiodElsewhere
      ? anywhere(istioPorts.istiod)
      : to([podsIn(istioNamespace, { app: "istiod" })], istioPorts.istiod)),
    ...(collector === undefined
      ? []
      : installed(addons.jaeger) === undefined
        ? [{ to: [podsIn(collector.namespace)] }]
        : to([podsIn(collector.namespace, { app: "jaeger" })], collector.port)),
  ];
}

/** Who comes from other clusters: the gateway between them, or, on the same network, pods themselves. */
export function comingFrom(crossing: Crossing): Peer[] {
  const gateways = crossing.gateway ? [podsIn(eastWestNamespace, eastWestLabels)] : [];
  return [...gateways, ...samePodNetwork(crossing)];
}

/** The way to other networks: their gateways, wherever those are. */
export function leadingAcross({ gateway }: Crossing): EgressRule[] {
  return gateway ? anywhere(istioPorts.crossNetwork) : [];
}

/** Pods of other clusters that are reached directly. */
export function samePodNetwork({ podCidrs }: Crossing): Peer[] {
  return podCidrs.map((cidr) => ({ ipBlock: { cidr } }));
}

function anywhere(port: number): EgressRule[] {
  return [{ ports: [{ protocol: "TCP", port }] }];
}

/** Addresses that clusters and the networks around them give out themselves, and those of a cloud's metadata. */
const inside = {
  "0.0.0.0/0": ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  "::/0": ["fc00::/7", "fe80::/10"],
};

/** The world outside, for whoever may call any of it: which host it is, the sidecar judges by name. */
export function worldOutside(hosts: readonly string[]): EgressRule[] {
  if (hosts.length === 0) return [];
  const peers = Object.entries(inside).map(([cidr, except]) => ({ ipBlock: { cidr, except } }));
  return to(peers, egressPort);
}
