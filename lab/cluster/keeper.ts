import { CoreV1Api, KubeConfig, makeInformer, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import type { Informer, KubernetesObject, V1Node, V1Service } from "@kubernetes/client-node";
import { firstFree } from "../addresses.ts";

/*
 * A process of the control-plane host. It gives each Service of type LoadBalancer an address of its own, as a cloud
 * would, and keeps the fake GPUs in the status of their nodes, as a device plugin would.
 */
const gpu = "nvidia.com/gpu";
const [, , kubeconfig = "", loadBalancerCidr = "", gpusByNode = "{}"] = process.argv;

const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const api = config.makeApiClient(CoreV1Api);
const mergePatch = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
const gpus = new Map<string, number>(Object.entries(JSON.parse(gpusByNode)));

const services = makeInformer<V1Service>(config, "/api/v1/services", () => api.listServiceForAllNamespaces());
const nodes = makeInformer<V1Node>(config, "/api/v1/nodes", () => api.listNode());

/** Addresses given out that the watch has yet to show, by uid of the Service. */
const given = new Map<string, string>();

function addressesOf(service: V1Service): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

async function giveAddresses(): Promise<void> {
  const all = services.list().filter(({ spec }) => spec?.type === "LoadBalancer");
  const uids = new Set(all.map(({ metadata }) => metadata?.uid));
  for (const uid of given.keys()) if (!uids.has(uid)) given.delete(uid);
  for (const service of all) {
    const { name, namespace, uid } = service.metadata ?? {};
    if (name === undefined || namespace === undefined || uid === undefined) continue;
    if (addressesOf(service).length > 0 || service.spec?.loadBalancerClass !== undefined) continue;
    const taken = new Set([...all.flatMap(addressesOf), ...given.values()]);
    const address = given.get(uid) ?? firstFree(loadBalancerCidr, taken);
    if (address === undefined) {
      console.error(`no address is left in ${loadBalancerCidr} for Service ${namespace}/${name}`);
      continue;
    }
    given.set(uid, address);
    const body = { status: { loadBalancer: { ingress: [{ ip: address }] } } };
    await api.patchNamespacedServiceStatus({ name, namespace, body }, mergePatch);
    console.log(`Service ${namespace}/${name} has ${address}`);
  }
}

async function keepGpus(): Promise<void> {
  for (const { metadata, status } of nodes.list()) {
    const count = gpus.get(metadata?.name ?? "") ?? 0;
    if (metadata?.name === undefined || count === 0) continue;
    const wanted = String(count);
    if (status?.capacity?.[gpu] === wanted && status.allocatable?.[gpu] === wanted) continue;
    const body = { status: { capacity: { [gpu]: wanted }, allocatable: { [gpu]: wanted } } };
    await api.patchNodeStatus({ name: metadata.name, body }, mergePatch);
    console.log(`node ${metadata.name} has ${wanted} ${gpu}`);
  }
}

/** Runs `work` on every change, one run after the other, and again a second after a failure. */
function onChange<T extends KubernetesObject>(informer: Informer<T>, work: () => Promise<void>): void {
  let running = false;
  let again = false;
  const trigger = (): void => {
    again = true;
    if (!running) void settle();
  };
  const settle = async (): Promise<void> => {
    running = true;
    while (again) {
      again = false;
      try {
        await work();
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        setTimeout(trigger, 1000);
      }
    }
    running = false;
  };
  informer.on("change", trigger);
  informer.on("delete", trigger);
  const start = (): void => {
    informer.start().catch(restart);
  };
  const restart = (): void => {
    setTimeout(start, 1000);
  };
  informer.on("error", restart);
  start();
}

onChange(services, giveAddresses);
onChange(nodes, keepGpus);
