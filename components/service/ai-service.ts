import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PoolConfig, ServiceConfig } from "../../config/schema.ts";
import { serviceName } from "../../services/stage.ts";
import type { StandingStage } from "../../services/standing.ts";
import type { Cluster } from "../cluster.ts";
import { modelClaim } from "./model-claim.ts";
import { mostReplicas } from "./replicas.ts";
import { rolloutSeconds } from "./rollout.ts";
import type { ServiceSecrets } from "./secrets.ts";
import { ServiceVersion, timeouts } from "./service-version.ts";

export interface AiServiceArgs {
  readonly stage: StandingStage;
  readonly service: ServiceConfig;
  readonly pool: PoolConfig;
  /** The stages this one calls, in order. */
  readonly hops: readonly StandingStage[];
  readonly namespace: string;
  readonly secrets: ServiceSecrets;
  /** Name of the resource by which a pod asks for a GPU. */
  readonly gpuResource: string;
  /** The one registry of a cluster without internet. */
  readonly registry: string | undefined;
  /** What must be there before the first pod: the namespace, and whatever injects and connects its sidecar. */
  readonly after: readonly pulumi.Resource[];
}

/** One stage of the pipeline: a ServiceAccount, a Service, its model, and its versions. */
export class AiService extends pulumi.ComponentResource {
  /** Name of the Service, the ServiceAccount and the `app` label. */
  readonly name: string;
  readonly stage: StandingStage;
  readonly serviceAccount: k8s.core.v1.ServiceAccount;
  readonly service: k8s.core.v1.Service;
  /** The claim made for the model that the versions share. */
  readonly claim: k8s.core.v1.PersistentVolumeClaim | undefined;
  readonly versions: readonly ServiceVersion[];

  constructor(cluster: Cluster, args: AiServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stage, service } = args;
    const name = serviceName(stage);
    super("linly-mesh:service:AiService", `${cluster.config.name}-${name}`, {}, opts);
    this.name = name;
    this.stage = stage;
    const child = { parent: this, provider: cluster.provider, dependsOn: [...args.after] };

    this.serviceAccount = this.makeServiceAccount(cluster, args, child);
    this.claim = modelClaim(cluster.config.name, name, args.namespace, service.model, child);
    const after = this.claim === undefined ? args.after : [...args.after, this.claim];
    this.versions = service.versions.map(
      (version) =>
        new ServiceVersion(cluster, { ...args, after, version, serviceAccount: this.serviceAccount }, { parent: this }),
    );
    const slowest = Math.max(
      ...service.versions.map((version) => rolloutSeconds(stage, service, mostReplicas(version))),
    );
    this.service = this.makeService(cluster, args, { ...child, customTimeouts: timeouts(slowest) });
    this.registerOutputs({ name, versions: service.versions.map((version) => version.name) });
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
    const { protocol, port } = stage.engine;
    return new k8s.core.v1.Service(
      `${cluster.config.name}-${this.name}`,
      {
        metadata: { name: this.name, namespace, labels: { app: this.name } },
        spec: {
          selector: { app: this.name },
          ports: [{ name: protocol, port, targetPort: protocol, appProtocol: protocol }],
        },
      },
      opts,
    );
  }
}
