import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import type { PipelinePlan, PlannedService } from "../../services/plan.ts";
import type { Cluster } from "../cluster.ts";
import type { Istio } from "../istio/istio.ts";
import { AiService } from "./ai-service.ts";

export interface AiServicesArgs {
  readonly config: MeshConfig;
  readonly pipeline: PipelinePlan<ServiceConfig>;
  readonly istio: Istio;
}

export interface RunningService extends PlannedService<ServiceConfig> {
  readonly component: AiService;
}

/** The stages of the pipeline in one cluster, in a namespace whose pods get a sidecar and no privilege. */
export class AiServices extends pulumi.ComponentResource {
  readonly namespace: string;
  readonly running: readonly RunningService[];

  constructor(cluster: Cluster, { config, pipeline, istio }: AiServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:service:AiServices", cluster.config.name, {}, opts);
    this.namespace = config.namespace;
    const namespace = cluster.namespace(config.namespace, {
      podSecurity: "restricted",
      labels: { "istio-injection": "enabled" },
    });
    this.running = pipeline.services.map((planned) => ({
      ...planned,
      component: new AiService(
        cluster,
        {
          stage: planned.stage,
          service: planned.service,
          pool: config.pools[planned.stage.pool],
          hops: planned.hops,
          namespace: config.namespace,
          after: [namespace, istio.istiod, istio.cni],
        },
        { parent: this },
      ),
    }));
    this.registerOutputs({ namespace: config.namespace });
  }
}
