import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { ingressName } from "../../components/istio/values.ts";

/** A pod as the demonstration shows it. */
export interface PodView {
  readonly name: string;
  readonly app: string;
  readonly version: string;
  readonly node: string;
  /** Value of the node's `linly-mesh/pool` label; empty where it has none. */
  readonly pool: string;
  /** Value of the node's `topology.kubernetes.io/zone` label; empty where it has none. */
  readonly zone: string;
  readonly ip: string;
  /** Names of its containers that are ready, native sidecars included. */
  readonly ready: readonly string[];
}

/** Reads what runs in a cluster. */
export class ClusterView {
  readonly #api: CoreV1Api;

  constructor(kubeconfig: string, context: string) {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    config.setCurrentContext(context);
    this.#api = config.makeApiClient(CoreV1Api);
  }

  /** The running pods of a namespace, with the pool of their nodes. */
  async pods(namespace: string): Promise<PodView[]> {
    const [pods, nodes] = await Promise.all([this.#api.listNamespacedPod({ namespace }), this.#api.listNode()]);
    const labels = new Map(nodes.items.map(({ metadata }) => [metadata?.name, metadata?.labels ?? {}]));
    return pods.items
      .filter(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === "Running")
      .map((pod) => podView(pod, labels.get(pod.spec?.nodeName) ?? {}));
  }

  /** The first address of a load balancer. */
  async loadBalancerAddress(namespace: string, name: string): Promise<string> {
    const { status } = await this.#api.readNamespacedService({ namespace, name });
    const first = status?.loadBalancer?.ingress?.[0];
    const address = first?.ip ?? first?.hostname;
    if (address === undefined) throw new Error(`Service ${namespace}/${name} has no address`);
    return address;
  }

  /** Where users of this cluster enter, by its ingress gateway. */
  async ingressUrl(path: string): Promise<string> {
    return `http://${await this.loadBalancerAddress(ingressName, ingressName)}${path}`;
  }
}

function podView({ metadata, spec, status }: V1Pod, node: Readonly<Record<string, string>>): PodView {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return {
    name: metadata?.name ?? "",
    app: metadata?.labels?.["app"] ?? "",
    version: metadata?.labels?.["version"] ?? "",
    node: spec?.nodeName ?? "",
    pool: node["linly-mesh/pool"] ?? "",
    zone: node["topology.kubernetes.io/zone"] ?? "",
    ip: status?.podIP ?? "",
    ready: statuses.filter(({ ready, state }) => ready && state?.running !== undefined).map(({ name }) => name),
  };
}
