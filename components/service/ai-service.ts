import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PoolConfig, ServiceConfig, VersionConfig } from "../../config/schema.ts";
import { serviceName, type Stage } from "../../services/stage.ts";
import type { Cluster } from "../cluster.ts";
import {
  downwardEnv,
  hopEnv,
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

export interface AiServiceArgs {
  readonly stage: Stage;
  readonly service: ServiceConfig;
  readonly pool: PoolConfig;
  /** The stages this one calls, in order. */
  readonly hops: readonly Stage[];
  readonly namespace: string;
  /** What must be there before the first pod: the namespace, and whatever injects and connects its sidecar. */
  readonly after: readonly pulumi.Resource[];
}

/** One stage of the pipeline: a ServiceAccount, a Service, and a Deployment for each version. */
export class AiService extends pulumi.ComponentResource {
  /** Name of the Service, the ServiceAccount and the `app` label. */
  readonly name: string;
  readonly stage: Stage;
  readonly serviceAccount: k8s.core.v1.ServiceAccount;
  readonly service: k8s.core.v1.Service;
  readonly #deployments: ReadonlyMap<string, k8s.apps.v1.Deployment>;

  constructor(cluster: Cluster, args: AiServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    const name = serviceName(args.stage);
    super("linly-mesh:service:AiService", `${cluster.config.name}-${name}`, {}, opts);
    this.name = name;
    this.stage = args.stage;
    const child = { parent: this, provider: cluster.provider, dependsOn: [...args.after] };

    this.serviceAccount = this.makeServiceAccount(cluster, args, child);
    this.#deployments = new Map(
      args.service.versions.map((version) => [version.name, this.makeDeployment(cluster, args, version, child)]),
    );
    const slowest = Math.max(
      ...args.service.versions.map(({ replicas }) => rolloutSeconds(args.stage, args.service, replicas)),
    );
    this.service = this.makeService(cluster, args, { ...child, customTimeouts: timeouts(slowest) });
    this.registerOutputs({ name, versions: args.service.versions.map((version) => version.name) });
  }

  /** The Deployment of one version. */
  deployment(version: string): k8s.apps.v1.Deployment {
    const deployment = this.#deployments.get(version);
    if (deployment === undefined) throw new RangeError(`${this.name} has no version ${version}`);
    return deployment;
  }

  private makeServiceAccount(cluster: Cluster, { namespace }: AiServiceArgs, opts: pulumi.CustomResourceOptions) {
    return new k8s.core.v1.ServiceAccount(
      `${cluster.config.name}-${this.name}`,
      {
        metadata: { name: this.name, namespace },
        automountServiceAccountToken: false,
      },
      opts,
    );
  }

  private makeService(cluster: Cluster, { stage, namespace }: AiServiceArgs, opts: pulumi.CustomResourceOptions) {
    return new k8s.core.v1.Service(
      `${cluster.config.name}-${this.name}`,
      {
        metadata: { name: this.name, namespace, labels: { app: this.name } },
        spec: {
          selector: { app: this.name },
          ports: [{ name: stage.protocol, port: stage.port, targetPort: stage.protocol, appProtocol: stage.protocol }],
        },
      },
      opts,
    );
  }

  private makeDeployment(
    cluster: Cluster,
    { stage, service, pool, hops, namespace }: AiServiceArgs,
    version: VersionConfig,
    opts: pulumi.CustomResourceOptions,
  ) {
    const labels = versionLabels(stage, version);
    const name = `${this.name}-${version.name}`;
    return new k8s.apps.v1.Deployment(
      `${cluster.config.name}-${name}`,
      {
        metadata: { name, namespace, labels },
        spec: {
          replicas: version.replicas,
          strategy: rolloutStrategy(stage, version.replicas),
          progressDeadlineSeconds: progressDeadlineSeconds(stage, service),
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              serviceAccountName: this.serviceAccount.metadata.name,
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
      { ...opts, customTimeouts: timeouts(rolloutSeconds(stage, service, version.replicas)) },
    );
  }
}

function timeouts(seconds: number): pulumi.CustomTimeouts {
  return { create: `${seconds}s`, update: `${seconds}s` };
}
