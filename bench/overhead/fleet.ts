import { waitFor } from "../../lab/wait.ts";
import { podOf, type Stages } from "./blocks.ts";
import { Container } from "./container.ts";
import type { Kubectl } from "./kubectl.ts";

/** How many services a mesh has beside the pipeline when its sidecars are weighed. */
export const fleetSizes = [4, 50, 200] as const;

const namespace = "bench-fleet";
const service = (index: number) => `service-${index}`;

/** What a sidecar has to keep. */
export interface Weight {
  /** Of its whole configuration with endpoints, as JSON. */
  readonly configBytes: number;
  readonly memoryBytes: number;
}

/** A namespace with services such as the program makes: two replicas that nobody runs, one version, its route. */
export function fleet(size: number): object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...Array.from({ length: size }, (_, index) => objectsOf(index)).flat(),
  ];
}

function objectsOf(index: number): object[] {
  const name = service(index);
  const host = `${name}.${namespace}.svc.cluster.local`;
  const metadata = { name, namespace };
  const labels = { app: name, version: "v1" };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { ports: [{ name: "http", port: 8000, targetPort: 8000, appProtocol: "http" }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "http", port: 8000, protocol: "TCP", appProtocol: "http" }],
      // 198.18.0.0/15 is for measurements, and nobody's.
      endpoints: [0, 1].map((replica) => ({
        addresses: [`198.18.${index}.${replica + 1}`],
        conditions: { ready: true },
      })),
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata,
      spec: { host, subsets: [{ name: "v1", labels, trafficPolicy: { loadBalancer: { simple: "LEAST_REQUEST" } } }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata,
      spec: { hosts: [host], http: [{ name: "by-weight", route: [{ destination: { host, subset: "v1" } }] }] },
    },
  ];
}

/** The sidecar that every other stage of the pipeline is behind. */
const weighed = "asr";

function config(kubectl: Kubectl, stages: Stages): Promise<string> {
  const command = ["pilot-agent", "request", "GET", "config_dump?include_eds"];
  return kubectl.exec(podOf(stages, weighed), "istio-proxy", command);
}

/** Waits until a sidecar that is told of every service knows the last one of a fleet. */
export async function knows(kubectl: Kubectl, stages: Stages, size: number): Promise<void> {
  await waitFor(`${size} services are known`, { seconds: 120 }, async () => {
    const text = await config(kubectl, stages);
    return (text.includes(`${service(size - 1)}.${namespace}`) && text.includes(`198.18.${size - 1}.2`)) || "not yet";
  });
}

export async function weigh(kubectl: Kubectl, stages: Stages): Promise<Weight> {
  const { sidecar } = podOf(stages, weighed);
  if (sidecar === undefined) throw new Error(`${weighed} has no sidecar`);
  const configBytes = Buffer.byteLength(await config(kubectl, stages));
  return { configBytes, memoryBytes: (await Container.of("local", sidecar)).memory() };
}
