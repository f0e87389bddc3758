import type { PoolConfig, ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { seconds } from "../../config/quantities.ts";
import { serviceName, workRoute, type Stage } from "../../services/stage.ts";

/** Everything of a stage's pods that follows from the catalogue and the stack file. */

/** Labels that select the pods of one version, and that its subset carries. */
export function versionLabels(stage: Stage, version: Pick<VersionConfig, "name">): Record<string, string> {
  return { app: serviceName(stage), version: version.name };
}

/** The fully qualified host of a stage, as Istio's registry knows it. */
export function hostOf(stage: Stage, namespace: string, clusterDomain = "cluster.local"): string {
  return `${serviceName(stage)}.${namespace}.svc.${clusterDomain}`;
}

export type EnvVar =
  { name: string; value: string } | { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } };

/** The one key of each Secret that holds a text of `linly-mesh:secrets`. */
export const secretKey = "value";

/**
 * What a stage needs to know of the stages it calls: `NEXT_HOPS` for those that read a list, and the
 * `<prefix>_SERVICE_HOST` and `<prefix>_SERVICE_PORT` that upstream's clients read.
 */
export function hopEnv(hops: readonly Stage[], namespace: string): EnvVar[] {
  const nextHops = hops.map((hop) => {
    const { path, method } = workRoute(hop);
    return { name: hop.name, url: `http://${hostOf(hop, namespace)}:${hop.port}${path}`, method };
  });
  return [
    { name: "NEXT_HOPS", value: JSON.stringify(nextHops) },
    ...hops.flatMap((hop) => [
      { name: `${hop.clientEnvPrefix}_SERVICE_HOST`, value: hostOf(hop, namespace) },
      { name: `${hop.clientEnvPrefix}_SERVICE_PORT`, value: String(hop.port) },
    ]),
  ];
}

/** What the pod is told of itself, then what the stack file adds; a name given twice keeps the stack file's value. */
export function versionEnv(stage: Stage, version: VersionConfig): EnvVar[] {
  const own: VersionConfig["env"] = {
    STAGE: stage.name,
    VERSION: version.name,
    PORT: String(stage.port),
    ...version.env,
  };
  return Object.entries(own).map(([name, value]) =>
    typeof value === "string"
      ? { name, value }
      : { name, valueFrom: { secretKeyRef: { name: value.secret, key: secretKey } } },
  );
}

/** Where the pod runs, from the downward API: a stage names itself in its logs and answers. */
export const downwardEnv = [
  { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
];

/** Environment variables by name, the later of two winning. */
export function mergeEnv(...lists: readonly (readonly EnvVar[])[]): EnvVar[] {
  return [...new Map(lists.flat().map((variable) => [variable.name, variable])).values()];
}

export interface ContainerResources {
  requests: Record<string, string>;
  limits: Record<string, string>;
}

/** Requests and limits, GPUs included: extended resources are asked for as limits, and requests equal them. */
export function resourcesOf(stage: Stage, service: ServiceConfig): ContainerResources {
  const { requests, limits } = service.resources ?? stage.resources;
  const gpus = service.gpus ?? stage.gpus;
  const extended: Record<string, string> = gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {};
  return { requests: { ...requests, ...extended }, limits: { ...limits, ...extended } };
}

interface Probe {
  httpGet?: { path: string; port: string };
  tcpSocket?: { port: string };
  periodSeconds: number;
  failureThreshold: number;
}

const startupPeriodSeconds = 2;

/** What a rollout needs besides loading models: scheduling, pulling an image, the sidecar. Seconds. */
const rolloutSlackSeconds = 300;

/** Longest time one replica may take to load its model: the stack's word, else the catalogue's. Seconds. */
export function startupSeconds(stage: Stage, service: Pick<ServiceConfig, "startup">): number {
  return service.startup === undefined ? stage.startupSeconds : Math.ceil(seconds(service.startup));
}

/** Longest time a version's pods may take to be replaced when they are replaced one after the other. Seconds. */
export function rolloutSeconds(stage: Stage, service: Pick<ServiceConfig, "startup">, replicas: number): number {
  return replicas * startupSeconds(stage, service) + rolloutSlackSeconds;
}

/** How long the Deployment controller waits for progress: one model's loading. Seconds. */
export function progressDeadlineSeconds(stage: Stage, service: Pick<ServiceConfig, "startup">): number {
  return startupSeconds(stage, service) + rolloutSlackSeconds;
}

/**
 * How pods are replaced. A new pod of the gpu pool needs a GPU that the old one holds, so with several replicas one
 * goes before its successor comes; a single one is replaced only once its successor serves.
 */
export function rolloutStrategy(stage: Pick<Stage, "pool">, replicas: number) {
  const rollingUpdate =
    stage.pool === "gpu" && replicas > 1 ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 };
  return { type: "RollingUpdate", rollingUpdate };
}

/**
 * Liveness asks only whether the port accepts connections: a model server that renders answers no request in time, and
 * must not be killed for it. Readiness asks for the stack's path where there is one. The startup probe waits for as long
 * as the stage may take to load its model.
 */
export function probesOf(stage: Stage, service: Pick<ServiceConfig, "readinessPath" | "startup">) {
  const tcpSocket = { port: stage.protocol };
  const ready =
    service.readinessPath === undefined
      ? { tcpSocket }
      : { httpGet: { path: service.readinessPath, port: stage.protocol } };
  return {
    startupProbe: {
      ...ready,
      periodSeconds: startupPeriodSeconds,
      failureThreshold: Math.ceil(startupSeconds(stage, service) / startupPeriodSeconds),
    },
    readinessProbe: { ...ready, periodSeconds: 5, failureThreshold: 3 },
    livenessProbe: { tcpSocket, periodSeconds: 10, failureThreshold: 6 },
  } satisfies Record<string, Probe>;
}

/** Where the pods of a pool may run. */
export function placementOf(pool: PoolConfig) {
  const tolerations = pool.tolerations.map(({ key, value, effect }) => ({
    key,
    ...(value === undefined ? { operator: "Exists" } : { operator: "Equal", value }),
    ...(effect !== undefined && { effect }),
  }));
  return { nodeSelector: pool.nodeSelector, tolerations };
}

/** The security contexts with which a pod passes Pod Security `restricted`. */
export const restrictedPod = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};
