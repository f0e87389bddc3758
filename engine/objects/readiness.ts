import type { Cluster } from "../cluster/cluster.ts";
import { EngineError } from "../errors.ts";
import { at, isObject, listAt, numberAt, textAt } from "../json.ts";
import type { Json } from "../json.ts";
import { idOf, titleOf } from "../cluster/kubernetes.ts";
import type { KubernetesObject } from "../cluster/kubernetes.ts";

/** What of a cluster it takes to judge an object: the few objects beside it. */
export type Lookup = Pick<Cluster, "get" | "list">;

/** Why an object is not ready yet; undefined once it is. Throws for what will never be ready. */
export type Readiness = (live: KubernetesObject, cluster: Lookup) => string | undefined | Promise<string | undefined>;

/** What each kind's being ready means; a kind that is not here is ready once it is applied. */
const kinds: Record<string, Readiness> = {
  "apps/Deployment": deployment,
  "apps/DaemonSet": daemonSet,
  "apps/StatefulSet": statefulSet,
  "batch/Job": job,
  "/Pod": pod,
  "/Service": service,
  "/Secret": secret,
  "/PersistentVolumeClaim": claim,
  "/Namespace": (live) => (textAt(live, "status", "phase") === "Active" ? undefined : "not active"),
  "apiextensions.k8s.io/CustomResourceDefinition": definition,
};

export function readinessOf(live: KubernetesObject): Readiness | undefined {
  const group = live.apiVersion.includes("/") ? live.apiVersion.split("/")[0] : "";
  return kinds[`${group}/${live.kind}`];
}

interface Condition {
  readonly holds: boolean;
  readonly text: string;
}

export function condition(live: Json, type: string): Condition | undefined {
  const found = listAt(live, "status", "conditions").find((condition) => textAt(condition, "type") === type);
  if (found === undefined) return undefined;
  const words = [textAt(found, "reason"), textAt(found, "message")].filter((word) => word !== undefined && word !== "");
  return { holds: textAt(found, "status") === "True", text: words.join(": ") };
}

function isObserved(live: Json): boolean {
  return (numberAt(live, "status", "observedGeneration") ?? 0) >= (numberAt(live, "metadata", "generation") ?? 0);
}

const status = (live: Json, field: string): number => numberAt(live, "status", field) ?? 0;

function deployment(live: KubernetesObject): string | undefined {
  if (!isObserved(live)) return "not yet seen by its controller";
  const wanted = numberAt(live, "spec", "replicas") ?? 1;
  const [updated, all, available] = [
    status(live, "updatedReplicas"),
    status(live, "replicas"),
    status(live, "availableReplicas"),
  ];
  if (updated < wanted) return `${updated} of ${wanted} pods of the new version`;
  if (all > updated) return `${all - updated} pods of the old version still end`;
  return available < updated ? `${available} of ${updated} pods available` : undefined;
}

function daemonSet(live: KubernetesObject): string | undefined {
  if (!isObserved(live)) return "not yet seen by its controller";
  const wanted = status(live, "desiredNumberScheduled");
  const onDelete = textAt(live, "spec", "updateStrategy", "type") === "OnDelete";
  const updated = onDelete ? wanted : status(live, "updatedNumberScheduled");
  if (updated < wanted) return `${updated} of ${wanted} pods of the new version`;
  const available = status(live, "numberAvailable");
  return available < wanted ? `${available} of ${wanted} pods available` : undefined;
}

function statefulSet(live: KubernetesObject): string | undefined {
  if (!isObserved(live)) return "not yet seen by its controller";
  const wanted = numberAt(live, "spec", "replicas") ?? 1;
  const ready = status(live, "readyReplicas");
  if (ready < wanted) return `${ready} of ${wanted} pods ready`;
  const strategy = at(live, "spec", "updateStrategy");
  const partial = (numberAt(strategy, "rollingUpdate", "partition") ?? 0) > 0;
  if (textAt(strategy, "type") === "OnDelete" || partial) return undefined;
  const updated = textAt(live, "status", "updateRevision") === textAt(live, "status", "currentRevision");
  return updated ? undefined : "pods of the old version are still there";
}

function job(live: KubernetesObject): string | undefined {
  const failed = condition(live, "Failed");
  if (failed?.holds) throw new EngineError(`${titleOf(idOf(live))} failed: ${failed.text}`);
  if (at(live, "spec", "suspend") === true || condition(live, "Complete")?.holds) return undefined;
  return `${status(live, "succeeded")} of ${numberAt(live, "spec", "completions") ?? 1} pods done`;
}

function pod(live: KubernetesObject): string | undefined {
  const phase = textAt(live, "status", "phase");
  if (phase === "Succeeded" || condition(live, "Ready")?.holds) return undefined;
  return phase ?? "not yet scheduled";
}

async function service(live: KubernetesObject, cluster: Lookup): Promise<string | undefined> {
  const { spec } = live;
  if (textAt(spec, "type") === "ExternalName") return undefined;
  if (hasNoAddress(live)) return noAddress;
  const selector = at(spec, "selector");
  const headless = textAt(spec, "clusterIP") === "None";
  if (headless || !isObject(selector) || Object.keys(selector).length === 0) return undefined;
  const { namespace, name } = idOf(live);
  const slices = await cluster.list(
    { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", ...(namespace === undefined ? {} : { namespace }) },
    { labelSelector: `kubernetes.io/service-name=${name}` },
  );
  const endpoints = slices.flatMap((slice) => listAt(slice, "endpoints"));
  const ready = endpoints.some((endpoint) => at(endpoint, "conditions", "ready") !== false);
  return ready ? undefined : "no pod that it selects is ready";
}

/** Whether a Service is a load balancer that nobody has given an address. */
export function hasNoAddress(live: Json): boolean {
  const isBalanced = textAt(live, "spec", "type") === "LoadBalancer";
  return isBalanced && listAt(live, "status", "loadBalancer", "ingress").length === 0;
}

export const noAddress = "no address yet";

function secret(live: KubernetesObject): string | undefined {
  if (textAt(live, "type") !== "kubernetes.io/service-account-token") return undefined;
  return textAt(live, "data", "token") === undefined ? "no token yet" : undefined;
}

async function claim(live: KubernetesObject, cluster: Lookup): Promise<string | undefined> {
  const phase = textAt(live, "status", "phase");
  if (phase === "Lost") throw new EngineError(`${titleOf(idOf(live))} has lost its volume`);
  if (phase === "Bound") return undefined;
  const name = textAt(live, "spec", "storageClassName");
  if (name === undefined || name === "") return "not bound to a volume";
  const storageClass = await cluster.get({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", name });
  return textAt(storageClass, "volumeBindingMode") === "WaitForFirstConsumer" ? undefined : "not bound to a volume";
}

function definition(live: KubernetesObject): string | undefined {
  const names = condition(live, "NamesAccepted");
  if (names !== undefined && !names.holds) throw new EngineError(`${titleOf(idOf(live))} is refused: ${names.text}`);
  return condition(live, "Established")?.holds ? undefined : "not established";
}
