import { listAt, textAt } from "../json.ts";
import { idOf, titleOf } from "../cluster/kubernetes.ts";
import type { KubernetesObject } from "../cluster/kubernetes.ts";
import type { Session } from "../cluster/session.ts";
import { until } from "../cluster/wait.ts";

/* Only these make others that have to end first: their pods. */
const owners = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"]);

/** Deletes this very object and waits until it is gone. */
export async function deleteAndWait(live: KubernetesObject, seconds: number, session: Session): Promise<void> {
  const id = idOf(live);
  const uid = textAt(live, "metadata", "uid") ?? "";
  await session.cluster.delete(id, uid, owners.has(id.kind) ? "Foreground" : "Background");
  await until(session.wait(`${titleOf(id)} to be gone`, titleOf(id), seconds), async () => {
    const left = await session.cluster.get(id);
    return left === undefined || textAt(left, "metadata", "uid") !== uid ? undefined : whatHolds(left);
  });
}

function whatHolds(left: KubernetesObject): string {
  const finalizers = [...listAt(left, "metadata", "finalizers"), ...listAt(left, "spec", "finalizers")];
  const remaining = listAt(left, "status", "conditions")
    .filter((condition) => textAt(condition, "status") === "True")
    .map((condition) => textAt(condition, "message"));
  const held = finalizers.length === 0 ? "it still exists" : `its finalizers are not done: ${finalizers.join(", ")}`;
  return [held, ...remaining].join("; ");
}
