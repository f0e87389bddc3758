import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import type { Secrets } from "../../config/schema/secrets.ts";
import { secretReferences } from "../../config/secret-references.ts";
import type { PipelinePlan, PlannedService } from "../../services/plan.ts";
import { gpuResource } from "../addons/gpu-resource.ts";
import type { Cluster, NamespaceArgs } from "../cluster.ts";
import { certificateMetadata } from "../istio/ca-values.ts";
import type { Istio } from "../istio/istio.ts";
import { collectorOf } from "../observability/collector.ts";
import { Egress } from "../security/egress.ts";
import { otherwiseClosed, stagePolicies } from "../security/network-policies.ts";
import { makeNetworkPolicies } from "../security/network-policy-objects.ts";
import { ServiceAccess } from "../security/service-access-policies.ts";
import type { StrictMtls } from "../security/strict-mtls.ts";
import { AiService } from "./ai-service.ts";
import { ServiceSecrets } from "./secrets.ts";
import { gpuTurns } from "./turns.ts";

export interface AiServicesArgs {
  readonly config: MeshConfig;
  readonly pipeline: PipelinePlan<ServiceConfig>;
  readonly secrets: pulumi.Output<Secrets>;
  readonly istio: Istio;
  readonly mtls: StrictMtls;
}

export interface RunningService extends PlannedService<ServiceConfig> {
  readonly component: AiService;
}

/** The stages of the pipeline in one cluster, in a namespace whose pods get a sidecar and no privilege. */
export class AiServices extends pulumi.ComponentResource {
  readonly namespace: string;
  readonly namespaceObject: k8s.core.v1.Namespace | k8s.core.v1.NamespacePatch;
  readonly running: readonly RunningService[];

  constructor(
    cluster: Cluster,
    { config, pipeline, secrets, istio, mtls }: AiServicesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("linly-mesh:service:AiServices", cluster.config.name, {}, opts);
    this.namespace = config.namespace;
    const asked: NamespaceArgs = { podSecurity: "restricted", injected: true };
    const namespace = config.namespaceExists
      ? cluster.existingNamespace(config.namespace, asked, this)
      : cluster.namespace(config.namespace, asked, this);
    this.namespaceObject = namespace;
    // No pod comes before the rules that it is to live under.
    const meshRules = [namespace, istio.istiod, istio.cni, mtls.policy];
    const access = new ServiceAccess(cluster, { config, pipeline, after: [namespace, istio.istiod] }, { parent: this });
    const outside = new Egress(
      cluster,
      { services: pipeline.services, namespace: config.namespace, after: meshRules },
      { parent: this },
    );
    const open = makeNetworkPolicies(cluster, stagePolicies({ config, pipeline }), {
      parent: this,
      dependsOn: [namespace],
    });
    const closed = makeNetworkPolicies(cluster, otherwiseClosed({ config }), {
      parent: this,
      dependsOn: [namespace, ...open],
    });
    const before = [...meshRules, ...access.policies, ...outside.entries, ...open, ...closed];
    const names = [...new Set(secretReferences(config).map(({ secret }) => secret))];
    const given = new ServiceSecrets(
      cluster,
      { names, values: secrets, namespace: config.namespace, after: [namespace] },
      { parent: this },
    );
    const collector = collectorOf(config.addons);
    const resource = gpuResource(config.addons.gpuDevicePlugin);
    const turns = gpuTurns(config, pipeline.services);
    this.running = pipeline.services.map((planned) => {
      const { stage, service, hops, entry } = planned;
      const component = new AiService(
        cluster,
        {
          stage,
          service,
          offline: entry ? config.offline : undefined,
          hops,
          namespace: config.namespace,
          collector,
          pool: config.pools[stage.pool],
          secrets: given,
          turns,
          certificates: certificateMetadata(config.istio),
          gpuResource: resource,
          registry: config.airGap?.registry,
          after: [...before, ...given.secrets.values()],
        },
        { parent: this },
      );
      return { ...planned, component };
    });
    this.registerOutputs({ namespace: config.namespace });
  }
}
