import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { OfflineConfig, VersionConfig } from "../../config/schema.ts";
import { hasPods, standsIn } from "../../services/placement.ts";
import { isShadow } from "../../services/shadow.ts";
import { serviceName } from "../../services/stage.ts";
import type { Cluster } from "../cluster.ts";
import { istioObject } from "../istio/objects.ts";
import type { Collector } from "../observability/collector.ts";
import type { Geography } from "../traffic/geography.ts";
import { offlineSubsetOf } from "../traffic/offline.ts";
import { ShadowSilence } from "../traffic/shadow-silence.ts";
import { SidecarScope } from "../traffic/sidecar-scope.ts";
import { trafficPolicyOf } from "../traffic/traffic-policy.ts";
import { autoscalerSpec } from "./autoscaler.ts";
import { budgetSpec } from "./budget.ts";
import { proxyAnnotations } from "./drain.ts";
import { secretsOf } from "./env.ts";
import { claimName, modelClaim } from "./model-claim.ts";
import { podSpec } from "./pod.ts";
import { fewestReplicas, mostReplicas, replicasOf } from "./replicas.ts";
import { deploymentTimeouts, progressDeadlineSeconds, rolloutStrategy, startupSeconds } from "./rollout.ts";
import type { ServiceSecrets } from "./secrets.ts";
import type { StageArgs } from "./stage-args.ts";
import { waitSeconds, type GpuTurn } from "./turns.ts";
import { hostOf, podLabels, versionLabels } from "./workload.ts";
import { scrapeAnnotations } from "../observability/scrape.ts";

export interface ServiceVersionArgs extends StageArgs {
  readonly version: VersionConfig;
  readonly offline: OfflineConfig | undefined;
  readonly secrets: ServiceSecrets;
  /** In which places a version runs, between which callers choose. */
  readonly geography: (version: string) => Geography;
  /** Hosts outside the cluster that it may call. */
  readonly egress: readonly string[];
  /** What its sidecars are told of the certificates that they ask for. */
  readonly certificates: Record<string, string>;
  /** Where its sidecars send their spans. */
  readonly collector: Collector | undefined;
  /** The rollouts with which this one shares the GPUs to spare. */
  readonly turns: readonly GpuTurn[];
  readonly serviceAccount: k8s.core.v1.ServiceAccount;
  /** Of the same version in the cluster whose control plane serves this one; undefined where that is this one. */
  readonly primary: ServiceVersion | undefined;
  /** What must be there before the first pod: the namespace, whatever injects and connects its sidecar, its model. */
  readonly after: readonly pulumi.Resource[];
}

/** What the mesh knows of a version, which a remote cluster shares with its primary. */
export interface VersionRules {
  readonly subset: k8s.apiextensions.CustomResource;
  readonly scope: SidecarScope;
}

/**
 * One version of a stage: its subset, what its sidecars know, and the pods behind it.
 *
 * The subset comes before the pods and goes after them. Between it and any route that names the version there is thus
 * always a wait for pods to start or to end, in which every sidecar learns of the subset or lets go of the route:
 * istiod would send both in one push if they changed within a moment, and a sidecar without the subset answers 503.
 */
export class ServiceVersion extends pulumi.ComponentResource {
  /** Name of the version, and of its subset. */
  readonly name: string;
  readonly rules: VersionRules;
  /** The claim made for this version's own model. */
  readonly claim: k8s.core.v1.PersistentVolumeClaim | undefined;
  /** Absent where the version has no pods in this cluster. */
  readonly deployment: k8s.apps.v1.Deployment | undefined;
  /** Absent for a single replica. */
  readonly budget: k8s.policy.v1.PodDisruptionBudget | undefined;
  /** Absent for a fixed number of replicas. */
  readonly autoscaler: k8s.autoscaling.v2.HorizontalPodAutoscaler | undefined;

  constructor(cluster: Cluster, args: ServiceVersionArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stage, service, version, namespace } = args;
    const name = `${serviceName(stage)}-${version.name}`;
    const logicalName = `${cluster.config.name}-${name}`;
    super("linly-mesh:service:ServiceVersion", logicalName, {}, opts);
    this.name = version.name;
    const wait = waitSeconds(args.turns, stage, version.name);
    const child = { parent: this, provider: cluster.provider };
    const early = { ...child, dependsOn: [...args.after] };

    this.rules = args.primary?.rules ?? {
      subset: this.makeSubset(logicalName, name, args, early),
      scope: new SidecarScope(cluster, args, { parent: this }),
    };
    if (args.primary === undefined && isShadow(service, version)) new ShadowSilence(cluster, args, { parent: this });
    if (standsIn(service, version, cluster.config.name)) {
      this.claim = modelClaim(cluster.config.name, name, namespace, version.model, early);
    }
    if (hasPods(version)) {
      this.budget = this.makeBudget(logicalName, name, args, early);
      const { subset, scope } = this.rules;
      const claims = this.claim === undefined ? [] : [this.claim];
      this.deployment = this.makeDeployment(logicalName, name, args, {
        ...child,
        dependsOn: [...args.after, subset, scope.sidecar, ...claims],
        customTimeouts: deploymentTimeouts(stage, service, mostReplicas(version), wait),
      });
      this.autoscaler = this.makeAutoscaler(logicalName, name, args, { ...child, dependsOn: [this.deployment] });
    }
    this.registerOutputs({ name: this.name });
  }

  /** Each version has a DestinationRule of its own; Istio merges those of one host. */
  private makeSubset(
    logicalName: string,
    name: string,
    { stage, service, version, offline, namespace, geography }: ServiceVersionArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    // Of rules that are merged only the first one's own policy counts; each subset therefore carries its own.
    const everywhere = geography(version.name);
    const trafficPolicy = trafficPolicyOf(stage, service, version, everywhere);
    const subset = { name: version.name, labels: versionLabels(stage, version), trafficPolicy };
    const places = isShadow(service, version) ? undefined : offline?.requests;
    const subsets = places === undefined ? [subset] : [subset, offlineSubsetOf(subset, places, everywhere.weight)];
    return istioObject(
      "DestinationRule",
      logicalName,
      { name, namespace },
      { host: hostOf(stage, namespace), subsets },
      opts,
    );
  }

  private makeBudget(
    logicalName: string,
    name: string,
    { stage, version, namespace }: ServiceVersionArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    const spec = budgetSpec(versionLabels(stage, version), fewestReplicas(version));
    if (spec === undefined) return undefined;
    return new k8s.policy.v1.PodDisruptionBudget(logicalName, { metadata: { name, namespace }, spec }, opts);
  }

  private makeDeployment(
    logicalName: string,
    name: string,
    args: ServiceVersionArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    const { stage, service, version, namespace, serviceAccount, turns } = args;
    const labels = versionLabels(stage, version);
    const { annotations, spec, ignoreChanges } = replicasOf(version);
    const madeClaim = claimName(version.model === undefined ? serviceName(stage) : name);
    return new k8s.apps.v1.Deployment(
      logicalName,
      {
        metadata: { name, namespace, labels, annotations },
        spec: {
          ...spec,
          strategy: rolloutStrategy(stage, fewestReplicas(version)),
          progressDeadlineSeconds: progressDeadlineSeconds(stage, service, waitSeconds(turns, stage, version.name)),
          selector: { matchLabels: labels },
          template: {
            metadata: { labels: podLabels(stage, service, version), annotations: this.annotations(args) },
            spec: { serviceAccountName: serviceAccount.metadata.name, ...podSpec({ ...args, madeClaim }) },
          },
        },
      },
      { ...opts, ignoreChanges },
    );
  }

  private annotations({ stage, version, secrets, certificates }: ServiceVersionArgs) {
    const names = secretsOf(version);
    return {
      ...proxyAnnotations(stage, certificates),
      ...scrapeAnnotations(stage.engine.metrics),
      ...(names.length > 0 && { "linly-mesh/secrets": secrets.revisionOf(names) }),
    };
  }

  private makeAutoscaler(
    logicalName: string,
    name: string,
    { stage, service, version, namespace }: ServiceVersionArgs,
    opts: pulumi.CustomResourceOptions,
  ) {
    const { autoscaling } = version;
    if (autoscaling === undefined) return undefined;
    const spec = autoscalerSpec(stage, name, autoscaling, startupSeconds(stage, service));
    return new k8s.autoscaling.v2.HorizontalPodAutoscaler(logicalName, { metadata: { name, namespace }, spec }, opts);
  }
}
