import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ModelConfig } from "../../config/schema.ts";

/** The name of the claim made for the model of a service or of one of its versions. */
export function claimName(owner: string): string {
  return `${owner}-model`;
}

/**
 * The claim for a model whose place the stack leaves to the program. Pods on any node read it, and whoever fills it
 * writes: hence ReadWriteMany. It stays when the stack no longer names it, since nothing else holds what it was filled
 * with. Undefined where the model lies elsewhere.
 */
export function modelClaim(
  cluster: string,
  owner: string,
  namespace: string,
  model: ModelConfig | undefined,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.PersistentVolumeClaim | undefined {
  if (model === undefined || !("size" in model)) return undefined;
  const name = claimName(owner);
  return new k8s.core.v1.PersistentVolumeClaim(
    `${cluster}-${name}`,
    {
      // Pods wait for it anyway, with a bound of their own: a class may make its volume only once there is a pod.
      metadata: { name, namespace, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        accessModes: ["ReadWriteMany"],
        resources: { requests: { storage: model.size } },
        ...(model.storageClass !== undefined && { storageClassName: model.storageClass }),
      },
    },
    // No API server changes the class of a claim, and one that stays can't be made anew in its place.
    { ...opts, retainOnDelete: true, ignoreChanges: ["spec.storageClassName"] },
  );
}
