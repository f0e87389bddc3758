import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { OfflineConfig } from "../../config/schema.ts";
import { standsIn } from "../../services/placement.ts";
import { isShadow } from "../../services/shadow.ts";
import { serviceName } from "../../services/stage.ts";
import type { StandingStage } from "../../services/standing.ts";
import type { Cluster } from "../cluster.ts";
import type { Collector } from "../observability/collector.ts";
import type { Geography } from "../traffic/geography.ts";
import { modelClaim } from "./model-claim.ts";
import type { ServiceSecrets } from "./secrets.ts";
import { ServiceVersion } from "./service-version.ts";
import type { StageArgs } from "./stage-args.ts";
import type { GpuTurn } from "./turns.ts";
import { shadowAccountName } from "./workload.ts";

export interface AiServiceArgs extends StageArgs {
  /** Which requests are offline work, where users reach this stage; undefined behind it. */
  readonly offline: OfflineConfig | undefined;
  readonly secrets: ServiceSecrets;
  /** In which places a version runs, between which callers choose. */
  readonly geography: (version: string) => Geography;
  /** What its sidecars are told of the certificates that they ask for. */
  readonly certificates: Record<string, string>;
  /** Where its sidecars send their spans. */
  readonly collector: Collector | undefined;
  /** The rollouts with which this one shares the GPUs to spare. */
  readonly turns: readonly GpuTurn[];
  /** The same stage in the cluster whose control plane serves this one; undefined where that is this one. */
  readonly primary: AiService | undefined;
  /** What must be there before the first pod: the namespace, and whatever injects and connects its sidecar. */
  readonly after: readonly pulumi.Resource[];
}

/** One stage of the pipeline: a ServiceAccount, a Service, its model, and its versions; a shadow has an account of its own. */
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

    this.serviceAccount = this.makeServiceAccount(cluster, args, name, child);
    // What a claim was filled with waits for the pods of a cluster that is drained for a while.
    const isRead = service.versions.some((version) => standsIn(service, version, cluster.config.name));
    this.claim = isRead ? modelClaim(cluster.config.name, name, args.namespace, service.model, child) : undefined;
    const after = this.claim === undefined ? args.after : [...args.after, this.claim];
    this.versions = service.versions.map((version) => {
      // What a shadow does is not the stage's doing: it has an account of its own, and calls nobody.
      const role = isShadow(service, version)
        ? {
            serviceAccount: this.makeServiceAccount(cluster, args, shadowAccountName(stage), child),
            hops: [],
            egress: [],
          }
        : { serviceAccount: this.serviceAccount, egress: service.egress };
      const primary = args.primary?.versions.find(({ name }) => name === version.name);
      return new ServiceVersion(cluster, { ...args, after, version, primary, ...role }, { parent: this });
    });
    this.service = this.makeService(cluster, args, child);
    this.registerOutputs({ name, versions: service.versions.map((version) => version.name) });
  }

  private makeServiceAccount(
    cluster: Cluster,
    { namespace }: AiServiceArgs,
    name: string,
    opts: pulumi.CustomResourceOptions,
  ) {
    return new k8s.core.v1.ServiceAccount(
      `${cluster.config.name}-${name}`,
      {
        metadata: { name, namespace },
        automountServiceAccountToken: false,
      },
      opts,
    );
  }

  private makeService(
    cluster: Cluster,
    { stage, service, namespace }: AiServiceArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    const { protocol, port } = stage.engine;
    const appProtocol = service.appProtocol ?? protocol;
    return new k8s.core.v1.Service(
      `${cluster.config.name}-${this.name}`,
      {
        metadata: {
          name: this.name,
          namespace,
          labels: { app: this.name },
          // The provider would wait for every pod, those of a shadow and of a version without a share too. Whoever needs pods
          // waits for the Deployments of the versions meant, and callers know the Service also where it has none.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          selector: { app: this.name },
          ports: [{ name: appProtocol, port, targetPort: protocol, appProtocol }],
        },
      },
      opts,
    );
  }
}
