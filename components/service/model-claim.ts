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
      metadata: { name, namespace },
      spec: {
        accessModes: ["ReadWriteMany"],
        resources: { requests: { storage: model.size } },
        ...(model.storageClass !== undefined && { storageClassName: model.storageClass }),
      },
    },
    { ...opts, retainOnDelete: true },
  );
}
