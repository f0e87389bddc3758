import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Cluster } from "../cluster.ts";
import { restrictedPod, unprivilegedContainer } from "../service/security.ts";

export interface PodPort {
  readonly name: string;
  readonly port: number;
  readonly appProtocol: "http" | "grpc";
}

export interface SinglePodArgs {
  /** Name of all that is made. */
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
  readonly image: string;
  /** The user that the image is made for: Pod Security wants one that is not root, and volumes are given to it. */
  readonly user: number;
  readonly ports: readonly [PodPort, ...PodPort[]];
  readonly args?: string[];
  readonly env?: Record<string, string>;
  /** Files of a ConfigMap, by the folder that they are mounted in. A change of one replaces the pod. */
  readonly files?: Record<string, Record<string, string>>;
  /** Folders that are written to, each with the size of its volume; one that is kept is a claim of its own. */
  readonly folders: Record<string, { readonly size: string; readonly keep?: boolean }>;
  readonly ready: { readonly httpGet: { path: string; port: string } } | { readonly tcpSocket: { port: string } };
  readonly alive?: SinglePodArgs["ready"];
  readonly resources: { requests: Record<string, string>; limits: Record<string, string> };
  /** The account of a pod that talks to the API server. Default: the pod has no token. */
  readonly serviceAccount?: k8s.core.v1.ServiceAccount;
}

/** One pod of one container, its configuration, and the Service before it. */
export class SinglePod extends pulumi.ComponentResource {
  readonly service: k8s.core.v1.Service;
  readonly deployment: k8s.apps.v1.Deployment;

  constructor(cluster: Cluster, args: SinglePodArgs, opts?: pulumi.ComponentResourceOptions) {
    const { name, namespace, ports } = args;
    const logicalName = `${cluster.config.name}-${name}`;
    super("linly-mesh:observability:SinglePod", logicalName, {}, opts);
    const child = { parent: this, provider: cluster.provider };
    const metadata = { name, namespace, labels: { app: name } };
    const volumes = volumesOf(args);

    const configMaps = args.files
      ? [new k8s.core.v1.ConfigMap(logicalName, { metadata, data: volumes.data }, child)]
      : [];
    const claims = volumes.claims.map(
      ({ claim, size }) =>
        new k8s.core.v1.PersistentVolumeClaim(
          `${cluster.config.name}-${claim}`,
          {
            // A volume that is bound on first use waits for the pod, which comes after it.
            metadata: { ...metadata, name: claim, annotations: { "pulumi.com/skipAwait": "true" } },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
          },
          child,
        ),
    );
    this.deployment = new k8s.apps.v1.Deployment(
      logicalName,
      {
        metadata,
        spec: {
          replicas: 1,
          // Two pods can't write to one volume.
          strategy: { type: "Recreate" },
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name }, annotations: { "linly-mesh/config-hash": hashOf(args.files) } },
            spec: {
              enableServiceLinks: false,
              automountServiceAccountToken: args.serviceAccount !== undefined,
              ...(args.serviceAccount && { serviceAccountName: args.serviceAccount.metadata.name }),
              securityContext: { ...restrictedPod, runAsUser: args.user, runAsGroup: args.user, fsGroup: args.user },
              containers: [
                {
                  name,
                  image: args.image,
                  imagePullPolicy: "IfNotPresent",
                  ...(args.args && { args: args.args }),
                  env: Object.entries(args.env ?? {}).map(([key, value]) => ({ name: key, value })),
                  ports: ports.map((port) => ({ name: port.name, containerPort: port.port })),
                  resources: args.resources,
                  securityContext: unprivilegedContainer,
                  volumeMounts: volumes.mounts,
                  readinessProbe: { ...args.ready, periodSeconds: 5, failureThreshold: 3 },
                  livenessProbe: {
                    ...(args.alive ?? args.ready),
                    initialDelaySeconds: 30,
                    periodSeconds: 15,
                    failureThreshold: 6,
                  },
                },
              ],
              volumes: volumes.volumes,
            },
          },
        },
      },
      { ...child, dependsOn: [...configMaps, ...claims] },
    );
    this.service = new k8s.core.v1.Service(
      logicalName,
      {
        metadata,
        spec: {
          selector: { app: name },
          ports: ports.map((port) => ({
            name: port.name,
            port: port.port,
            targetPort: port.name,
            appProtocol: port.appProtocol,
          })),
        },
      },
      { ...child, dependsOn: [this.deployment] },
    );
    this.registerOutputs({});
  }
}

/** A hash of all files: a pod that reads them only when it starts is replaced when one changes. */
export function hashOf(files: SinglePodArgs["files"]): string {
  return createHash("sha256")
    .update(JSON.stringify(files ?? {}))
    .digest("hex")
    .slice(0, 16);
}

/** The volumes of a pod, where they are mounted, and what has to be there for them. */
export function volumesOf({ name, files = {}, folders }: Pick<SinglePodArgs, "name" | "files" | "folders">) {
  const fileFolders = Object.entries(files);
  const mounts = [...fileFolders, ...Object.entries(folders)].map(([mountPath], index) => ({
    name: `v${index}`,
    mountPath,
    ...(index < fileFolders.length && { readOnly: true }),
  }));
  const claims = Object.entries(folders).flatMap(([, { size, keep = false }], index) =>
    keep ? [{ claim: index === 0 ? name : `${name}-${index}`, size, index }] : [],
  );
  const fromFiles = fileFolders.map(([, held], index) => ({
    name: `v${index}`,
    configMap: { name, items: Object.keys(held).map((file) => ({ key: file, path: file })) },
  }));
  const fromFolders = Object.values(folders).map(({ size }, index) => {
    const claim = claims.find((one) => one.index === index);
    const volume = `v${fileFolders.length + index}`;
    if (claim === undefined) return { name: volume, emptyDir: { sizeLimit: size } };
    return { name: volume, persistentVolumeClaim: { claimName: claim.claim } };
  });
  const data = Object.fromEntries(fileFolders.flatMap(([, held]) => Object.entries(held)));
  return { mounts, volumes: [...fromFiles, ...fromFolders], claims, data };
}
