import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PoolConfig, ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { serviceName, type Stage } from "../../services/stage.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject } from "../istio/objects.ts";
import { scrapeAnnotations } from "../observability/scrape.ts";
import {
  downwardEnv,
  hopEnv,
  hostOf,
  mergeEnv,
  placementOf,
  probesOf,
  progressDeadlineSeconds,
  resourcesOf,
  restrictedContainer,
  restrictedPod,
  rolloutSeconds,
  rolloutStrategy,
  versionEnv,
  versionLabels,
} from "./workload.ts";

export interface ServiceVersionArgs {
  readonly stage: Stage;
  readonly service: ServiceConfig;
  readonly version: VersionConfig;
  readonly pool: PoolConfig;
  /** The stages this one calls, in order. */
  readonly hops: readonly Stage[];
  readonly namespace: string;
  readonly serviceAccount: k8s.core.v1.ServiceAccount;
  /** What must be there before the first pod: the namespace, and whatever injects and connects its sidecar. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * One version of a stage: its subset, and the pods behind it.
 *
 * The subset comes before the pods and goes after them. Between it and any route that names the version there is thus
 * always a wait for pods to start or to end, in which every sidecar learns of the subset or lets go of the route:
 * istiod would send both in one push if they changed within a moment, and a sidecar without the subset answers 503.
 */
export class ServiceVersion extends pulumi.ComponentResource {
  /** Name of the version, and of its subset. */
  readonly name: string;
  readonly subset: k8s.apiextensions.CustomResource;
  readonly deployment: k8s.apps.v1.Deployment;

  constructor(cluster: Cluster, args: ServiceVersionArgs, opts?: pulumi.ComponentResourceOptions) {
    const name = `${serviceName(args.stage)}-${args.version.name}`;
    const logicalName = `${cluster.config.name}-${name}`;
    super("linly-mesh:service:ServiceVersion", logicalName, {}, opts);
    this.name = args.version.name;
    const child = { parent: this, provider: cluster.provider };

    this.subset = this.makeSubset(logicalName, name, args, { ...child, dependsOn: [...args.after] });
    this.deployment = this.makeDeployment(logicalName, name, args, {
      ...child,
      dependsOn: [...args.after, this.subset],
      customTimeouts: timeouts(rolloutSeconds(args.stage, args.service, args.version.replicas)),
    });
    this.registerOutputs({ name: this.name });
  }

  /** Each version has a DestinationRule of its own; Istio merges those of one host. */
  private makeSubset(
    logicalName: string,
    name: string,
    { stage, version, namespace }: ServiceVersionArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    return istioObject(
      "DestinationRule",
      logicalName,
      { name, namespace },
      { host: hostOf(stage, namespace), subsets: [{ name: version.name, labels: versionLabels(stage, version) }] },
      opts,
    );
  }

  private makeDeployment(
    logicalName: string,
    name: string,
    { stage, service, version, pool, hops, namespace, serviceAccount }: ServiceVersionArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    const labels = versionLabels(stage, version);
    return new k8s.apps.v1.Deployment(
      logicalName,
      {
        metadata: { name, namespace, labels },
        spec: {
          replicas: version.replicas,
          strategy: rolloutStrategy(stage, version.replicas),
          progressDeadlineSeconds: progressDeadlineSeconds(stage, service),
          selector: { matchLabels: labels },
          template: {
            metadata: { labels, annotations: scrapeAnnotations(stage.port) },
            spec: {
              serviceAccountName: serviceAccount.metadata.name,
              // A Service called llm-service would otherwise set LLM_SERVICE_PORT=tcp://…, which clients read as a number.
              enableServiceLinks: false,
              automountServiceAccountToken: false,
              securityContext: restrictedPod,
              ...placementOf(pool),
              containers: [
                {
                  name: stage.name,
                  image: version.image,
                  imagePullPolicy: "IfNotPresent",
                  ports: [{ name: stage.protocol, containerPort: stage.port }],
                  env: [...mergeEnv(hopEnv(hops, namespace), versionEnv(stage, version)), ...downwardEnv],
                  resources: resourcesOf(stage, service),
                  securityContext: restrictedContainer,
                  volumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
                  ...probesOf(stage, service),
                },
              ],
              volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Gi" } }],
            },
          },
        },
      },
      opts,
    );
  }
}

/** The same limit for creating and for updating. */
export function timeouts(seconds: number): pulumi.CustomTimeouts {
  return { create: `${seconds}s`, update: `${seconds}s` };
}
