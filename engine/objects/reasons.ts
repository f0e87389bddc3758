import type { Cluster } from "../cluster/cluster.ts";
import { at, isObject, listAt, textAt } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";
import { idOf } from "../cluster/kubernetes.ts";
import type { KubernetesObject } from "../cluster/kubernetes.ts";
import { condition, hasNoAddress, noAddress } from "./readiness.ts";

/* Reasons that say no more than that a container is on its way. */
const underway = new Set(["ContainerCreating", "PodInitializing", "Completed"]);
const shown = 3;

/** What the pods of a workload, and who makes them, say about why it is not ready; empty if they say nothing. */
export async function reasonsOf(live: KubernetesObject, cluster: Cluster): Promise<string[]> {
  const selector = at(live, "spec", "selector", "matchLabels");
  const { namespace } = idOf(live);
  if (!isObject(selector) || namespace === undefined) return [];
  const failure = condition(live, "ReplicaFailure");
  if (failure?.holds) return [failure.text];
  const labelSelector = Object.entries(selector)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
  const reasons = await reasonsOfPods(cluster, namespace, labelSelector);
  return reasons.length > 0 ? reasons : warnings(cluster, namespace, textAt(live, "metadata", "uid"));
}

/** What the pods of a namespace that are not ready say, each reason once. */
export async function reasonsOfPods(cluster: Cluster, namespace: string, labelSelector: string): Promise<string[]> {
  const pods = await cluster.list(
    { apiVersion: "v1", kind: "Pod", namespace },
    labelSelector === "" ? {} : { labelSelector },
  );
  const reasons = await Promise.all(
    pods
      .filter((pod) => !isWell(pod))
      .map(async (pod) => {
        const own = reasonOfPod(pod);
        if (own !== undefined) return `pod ${textAt(pod, "metadata", "name")}: ${own}`;
        const [warning] = await warnings(cluster, namespace, textAt(pod, "metadata", "uid"));
        return warning === undefined ? undefined : `pod ${textAt(pod, "metadata", "name")}: ${warning}`;
      }),
  );
  return reasons.filter((reason) => reason !== undefined).slice(0, shown);
}

/** The load balancers of a namespace that nobody has given an address. */
export async function reasonsOfServices(cluster: Cluster, namespace: string): Promise<string[]> {
  const services = await cluster.list({ apiVersion: "v1", kind: "Service", namespace }, {});
  return services
    .filter(hasNoAddress)
    .slice(0, shown)
    .map((live) => `Service ${namespace}/${textAt(live, "metadata", "name")}: ${noAddress}`);
}

function isWell(pod: Json): boolean {
  return condition(pod, "Ready")?.holds === true || textAt(pod, "status", "phase") === "Succeeded";
}

function reasonOfPod(pod: Json): string | undefined {
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled !== undefined && !scheduled.holds) return scheduled.text;
  for (const list of ["initContainerStatuses", "containerStatuses"]) {
    for (const container of listAt(pod, "status", list)) {
      const reason = reasonOfContainer(container);
      if (reason !== undefined) return `container ${textAt(container, "name")}: ${reason}`;
    }
  }
  return undefined;
}

function reasonOfContainer(container: Json): string | undefined {
  const waiting = textAt(container, "state", "waiting", "reason");
  if (waiting !== undefined && !underway.has(waiting)) {
    return [waiting, textAt(container, "state", "waiting", "message"), endOf(at(container, "lastState", "terminated"))]
      .filter((part) => part !== undefined)
      .join(": ");
  }
  const terminated = at(container, "state", "terminated");
  return textAt(terminated, "reason") === "Completed" ? undefined : endOf(terminated);
}

function endOf(terminated: Json | undefined): string | undefined {
  if (!isObject(terminated)) return undefined;
  const message = textAt(terminated, "message");
  const end = `ended with exit code ${String(terminated["exitCode"])} (${textAt(terminated, "reason") ?? "no reason"})`;
  return message === undefined ? end : `${end}: ${message.trim()}`;
}

/** Warnings among the events of an object, the latest first. */
async function warnings(cluster: Cluster, namespace: string, uid: string | undefined): Promise<string[]> {
  const events = await cluster.list(
    { apiVersion: "v1", kind: "Event", namespace },
    { fieldSelector: `involvedObject.uid=${uid ?? ""},type=Warning` },
  );
  const time = (event: JsonObject) => textAt(event, "lastTimestamp") ?? textAt(event, "eventTime") ?? "";
  return events
    .sort((left, right) => (time(left) < time(right) ? 1 : -1))
    .slice(0, 1)
    .map((event) => `${textAt(event, "reason") ?? ""}: ${textAt(event, "message") ?? ""}`);
}
