import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig } from "../../config/schema.ts";
import { serviceName, type Stage } from "../../services/stage.ts";
import type { Cluster } from "../cluster.ts";
import type { AuthorizationPolicySpec } from "../istio/generated/authorization-policy.ts";
import { istioObject } from "../istio/objects.ts";
import { allowSpec, denySpec } from "./access-specs.ts";
import { accessRules, looksInside, type AccessArgs } from "./service-access.ts";

export interface ServiceAccessArgs extends AccessArgs {
  readonly config: Pick<MeshConfig, "namespace" | "modelUploader" | "istio">;
  /** What must be there before: the namespace, and istiod, which judges policies. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Least privilege between services: nothing is let in but the calls of the pipeline, and the uploader where models change.
 *
 * What lets in comes before what refuses all the rest and goes after it, so that no call of the pipeline is refused at any
 * time.
 */
export class ServiceAccess extends pulumi.ComponentResource {
  /** By stage: who is let in to what. */
  readonly allowed: ReadonlyMap<string, k8s.apiextensions.CustomResource>;
  /** By stage, of those whose requests are looked into: what nobody but the uploader is let in to. */
  readonly denied: ReadonlyMap<string, k8s.apiextensions.CustomResource>;
  /** Lets nobody in. */
  readonly closed: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: ServiceAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:security:ServiceAccess", cluster.config.name, {}, opts);
    const { config, pipeline, after } = args;
    const { namespace, modelUploader } = config;
    const { trustDomain } = config.istio;
    const rules = accessRules(args);
    const policy = (name: string, spec: AuthorizationPolicySpec, dependsOn: readonly pulumi.Resource[] = after) =>
      istioObject("AuthorizationPolicy", `${cluster.config.name}-${name}`, { name, namespace }, spec, {
        parent: this,
        provider: cluster.provider,
        dependsOn: [...dependsOn],
      });

    this.allowed = new Map(
      pipeline.services.map(({ stage }) => {
        const own = rules.filter((rule) => rule.stage.name === stage.name);
        return [stage.name, policy(serviceName(stage), allowSpec(stage, own, trustDomain))];
      }),
    );
    this.denied = new Map(
      pipeline.services
        .filter(looksInside)
        .map(({ stage }) => [
          stage.name,
          policy(`${serviceName(stage)}-admin`, denySpec(stage, modelUploader, trustDomain)),
        ]),
    );
    this.closed = policy("allow-nothing", {}, [...after, ...this.allowed.values(), ...this.denied.values()]);
    this.registerOutputs({});
  }

  /**
   * What comes before a stage's pods: its own policies, and the one that comes after those of all stages. Each stage
   * waits for all policies by that one alone: were each to name all of them, names would grow with the square of stages.
   */
  before(stage: Pick<Stage, "name">): readonly k8s.apiextensions.CustomResource[] {
    return [this.allowed, this.denied].flatMap((policies) => policies.get(stage.name) ?? []).concat(this.closed);
  }
}
