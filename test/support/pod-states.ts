import { z } from "zod";
import { kubectl } from "./kubectl.ts";

const podList = z
  .object({
    items: z.array(
      z.object({
        metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
        status: z.object({
          podIP: z.string().default(""),
          conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
        }),
      }),
    ),
  })
  .transform(({ items }) =>
    items.map(({ metadata, status }) => ({
      name: metadata.name,
      ip: status.podIP,
      ending: metadata.deletionTimestamp !== undefined,
      ready: status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True"),
    })),
  );

export type PodState = z.output<typeof podList>[number];

/** The pods of an app as Kubernetes has them, those that end included. */
export async function podStates(kubeconfig: string, namespace: string, app: string): Promise<PodState[]> {
  const args = ["--namespace", namespace, "get", "pods", "--selector", `app=${app}`, "--output", "json"];
  return podList.parse(JSON.parse(await kubectl(kubeconfig, args)));
}

/** Those that take requests. */
export function serving(pods: readonly PodState[]): string[] {
  return pods.filter(({ ready, ending }) => ready && !ending).map(({ name }) => name);
}
