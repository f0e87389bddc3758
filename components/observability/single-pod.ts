import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { restrictedPod, unprivilegedContainer } from "../security/pod.ts";
import { hashOf, volumesOf, type PodFolders } from "./pod-volumes.ts";

export interface PodPort {
  readonly name: string;
  readonly port: number;
  readonly appProtocol: "http" | "grpc";
}

type Probe = { readonly httpGet: { path: string; port: string } } | { readonly tcpSocket: { port: string } };

/** What the pod is. Its name is that of all that is made. */
export interface SinglePodArgs extends PodFolders {
  readonly namespace: pulumi.Input<string>;
  readonly image: string;
  /** The user that the image is made for: Pod Security wants one that is not root, and volumes are given to it. */
  readonly user: number;
  readonly ports: readonly [PodPort, ...PodPort[]];
  readonly args?: string[];
  readonly env?: Record<string, string>;
  readonly ready: Probe;
  /** Default: what says that it is ready. */
  readonly alive?: Probe;
  readonly resources: { requests: Record<string, string>; limits: Record<string, string> };
  /** The account of a pod that talks to the API server. Default: the pod has no token. */
  readonly serviceAccount?: k8s.core.v1.ServiceAccount;
}

/** One pod of one container, its configuration, and the Service before it. */
export class SinglePod extends pulumi.ComponentResource {
  readonly service: k8s.core.v1.Service;
  readonly deployment: k8s.apps.v1.Deployment;

  constructor(cluster: Cluster, args: SinglePodArgs, opts?: pulumi.ComponentResourceOptions) {
    const logicalName = `${cluster.config.name}-${args.name}`;
    super("linly-mesh:observability:SinglePod", logicalName, {}, opts);
    const child = { parent: this, provider: cluster.provider };
    const metadata = { name: args.name, namespace: args.namespace, labels: { app: args.name } };
    const { data, claims, ...volumes } = volumesOf(args);

    const before = [
      ...(args.files ? [new k8s.core.v1.ConfigMap(logicalName, { metadata, data }, child)] : []),
      ...claims.map(
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
      ),
    ];
    this.deployment = new k8s.apps.v1.Deployment(
      logicalName,
      {
        metadata,
        spec: {
          replicas: 1,
          // Two pods can't write to one volume.
          strategy: { type: "Recreate" },
          selector: { matchLabels: { app: args.name } },
          template: {
            metadata: {
              labels: { app: args.name },
              annotations: { "linly-mesh/config-hash": hashOf(args.files) },
            },
            spec: podSpec(args, volumes),
          },
        },
      },
      { ...child, dependsOn: before },
    );
    const ports = args.ports.map((port) => ({ ...port, targetPort: port.name }));
    this.service = new k8s.core.v1.Service(
      logicalName,
      { metadata, spec: { selector: { app: args.name }, ports } },
      { ...child, dependsOn: [this.deployment] },
    );
    this.registerOutputs({});
  }
}

function podSpec(args: SinglePodArgs, { mounts, volumes }: Pick<ReturnType<typeof volumesOf>, "mounts" | "volumes">) {
  const { name, user, serviceAccount, env = {} } = args;
  return {
    enableServiceLinks: false,
    automountServiceAccountToken: serviceAccount !== undefined,
    ...(serviceAccount && { serviceAccountName: serviceAccount.metadata.name }),
    securityContext: { ...restrictedPod, runAsUser: user, runAsGroup: user, fsGroup: user },
    containers: [
      {
        name,
        image: args.image,
        imagePullPolicy: "IfNotPresent",
        ...(args.args && { args: args.args }),
        env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
        ports: args.ports.map((port) => ({ name: port.name, containerPort: port.port })),
        resources: args.resources,
        securityContext: unprivilegedContainer,
        volumeMounts: mounts,
        readinessProbe: { ...args.ready, periodSeconds: 5, failureThreshold: 3 },
        livenessProbe: {
          ...(args.alive ?? args.ready),
          initialDelaySeconds: 30,
          periodSeconds: 15,
          failureThreshold: 6,
        },
      },
    ],
    volumes,
  };
}
