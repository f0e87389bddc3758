import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  Health,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { kubeconfigOf } from "./credentials.ts";
import type { ClusterPlan } from "./plan.ts";

function configOf(plan: ClusterPlan): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigOf(plan, "admin"));
  return config;
}

export async function isApiReady(plan: ClusterPlan): Promise<boolean> {
  return await new Health(configOf(plan)).readyz({ signal: AbortSignal.timeout(3000) }).catch(() => false);
}

export async function apply(plan: ClusterPlan, objects: readonly KubernetesObject[]): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(configOf(plan));
  for (const object of objects) {
    await api.patch(object, undefined, undefined, "linly-mesh-lab", true, PatchStrategy.ServerSideApply);
  }
}

/** Whether each node of the plan is Ready, offers its GPUs and has a kubelet that answers: the first outlives a crash. */
export async function nodesOf(plan: ClusterPlan): Promise<{ name: string; ready: boolean }[]> {
  const api = configOf(plan).makeApiClient(CoreV1Api);
  const { items } = await api.listNode();
  return await Promise.all(
    plan.nodes.map(async ({ spec: { name, gpus } }) => {
      const status = items.find(({ metadata }) => metadata?.name === name)?.status;
      const isReady = status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
      const hasGpus = Number(status?.allocatable?.["nvidia.com/gpu"] ?? 0) === gpus;
      return { name, ready: isReady && hasGpus && (await kubeletAnswers(api, name)) };
    }),
  );
}

/**
 * Says of a node whose machine was replaced that its condition is not known. Else what its former self reported would
 * stand until the new one reports, and a node would count as ready that is not.
 */
export async function forgetCondition(plan: ClusterPlan, name: string): Promise<void> {
  const api = configOf(plan).makeApiClient(CoreV1Api);
  const now = new Date().toISOString();
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  const condition = {
    type: "Ready",
    status: "Unknown",
    reason: "MachineReplaced",
    message: "not heard of yet",
    ...times,
  };
  const strategicMerge = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
  await api
    .patchNodeStatus({ name, body: { status: { conditions: [condition] } } }, strategicMerge)
    .catch((error: unknown) => {
      if (!(error instanceof ApiException && error.code === 404)) throw error; // there was none before
    });
}

async function kubeletAnswers(api: CoreV1Api, name: string): Promise<boolean> {
  return await api.connectGetNodeProxyWithPath({ name, path: "healthz" }).then(
    () => true,
    () => false,
  );
}

export async function isDeploymentAvailable(plan: ClusterPlan, namespace: string, name: string): Promise<boolean> {
  const { spec, status } = await configOf(plan).makeApiClient(AppsV1Api).readNamespacedDeployment({ name, namespace });
  return (status?.availableReplicas ?? 0) >= (spec?.replicas ?? 1);
}
