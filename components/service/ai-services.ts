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
import { noCrossing, type Crossing } from "../security/crossing.ts";
import { otherwiseClosed, stagePolicies } from "../security/network-policies.ts";
import { makeNetworkPolicies } from "../security/network-policy-objects.ts";
import { ServiceAccess } from "../security/service-access-policies.ts";
import type { StrictMtls } from "../security/strict-mtls.ts";
import { geographyOf, type Geography } from "../traffic/geography.ts";
import { AiService } from "./ai-service.ts";
import { ServiceSecrets } from "./secrets.ts";
import { gpuTurns } from "./turns.ts";

export interface AiServicesArgs {
  readonly config: MeshConfig;
  readonly pipeline: PipelinePlan<ServiceConfig>;
  readonly secrets: pulumi.Output<Secrets>;
  readonly istio: Istio;
  /** Where the cluster has a control plane: the rule for all pods that it serves. */
  readonly mtls: StrictMtls | undefined;
  /** Where it has none: the stages in the cluster whose control plane serves it, with all of their rules. */
  readonly primary?: AiServices | undefined;
  /** Each stage, as each cluster of the mesh has it. Default: this is the only one. */
  readonly placements?: ReadonlyMap<string, readonly ServiceConfig[]>;
  /** What else must be there before the first pod. Default: nothing. */
  readonly after?: readonly pulumi.Resource[];
  /** What of the network leads to other clusters. Default: nothing. */
  readonly crossing?: Crossing;
}

export interface RunningService extends PlannedService<ServiceConfig> {
  readonly component: AiService;
  /** In which places a version runs, between which callers choose. */
  readonly geography: (version: string) => Geography;
}

/** The stages of the pipeline in one cluster, in a namespace whose pods get a sidecar and no privilege. */
export class AiServices extends pulumi.ComponentResource {
  readonly namespace: string;
  readonly namespaceObject: k8s.core.v1.Namespace | k8s.core.v1.NamespacePatch;
  readonly running: readonly RunningService[];
  /** Istio's resources by which callers are told apart; those of the primary, in a remote. */
  readonly access: ServiceAccess;
  /** Istio's resources by which calls are let out; those of the primary, in a remote. */
  readonly egress: Egress;

  constructor(
    cluster: Cluster,
    {
      config,
      pipeline,
      secrets,
      istio,
      mtls,
      primary,
      placements,
      after: known = [],
      crossing = noCrossing,
    }: AiServicesArgs,
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
    const ready = [namespace, istio.istiod, istio.cni, ...known];
    const after = [...ready, ...(mtls ? [mtls.policy] : [])];
    this.access = primary?.access ?? new ServiceAccess(cluster, { config, pipeline, after }, { parent: this });
    const calling = { services: pipeline.services, namespace: config.namespace, after };
    this.egress = primary?.egress ?? new Egress(cluster, calling, { parent: this });
    const open = new Map(
      [...stagePolicies({ config, pipeline, crossing })].map(([stage, policies]) => [
        stage,
        makeNetworkPolicies(cluster, policies, { parent: this, dependsOn: [namespace] }),
      ]),
    );
    const closed = makeNetworkPolicies(cluster, otherwiseClosed({ config }), {
      parent: this,
      dependsOn: [namespace, ...[...open.values()].flat()],
    });
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
      const geography = geographyOf(placements?.get(stage.name) ?? [service], config.locality);
      const component = new AiService(
        cluster,
        {
          stage,
          service,
          offline: entry ? config.offline : undefined,
          hops,
          namespace: config.namespace,
          geography,
          primary: primary?.stage(stage.name).component,
          collector,
          pool: config.pools[stage.pool],
          secrets: given,
          turns,
          certificates: certificateMetadata(config.istio),
          gpuResource: resource,
          registry: config.airGap?.registry,
          after: [
            ...ready,
            ...this.access.before(stage),
            ...this.egress.before(service),
            ...(open.get(stage.name) ?? []),
            ...closed,
            ...given.before(service),
          ],
        },
        { parent: this },
      );
      return { ...planned, component, geography };
    });
    this.registerOutputs({ namespace: config.namespace });
  }

  /** @throws RangeError for a stage that does not run */
  stage(name: string): RunningService {
    const found = this.running.find(({ stage }) => stage.name === name);
    if (found === undefined) throw new RangeError(`${name} is no stage of the pipeline`);
    return found;
  }

  /** The stage at which users enter. */
  get entry(): RunningService {
    const found = this.running.find(({ entry }) => entry);
    if (found === undefined) throw new RangeError("the pipeline has no entry");
    return found;
  }
}
