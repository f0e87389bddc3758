import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import type { PipelinePlan } from "../../services/plan.ts";
import type { Cluster } from "../cluster.ts";
import { IngressGateway } from "../istio/ingress-gateway.ts";
import type { Istio } from "../istio/istio.ts";
import { istioObject } from "../istio/objects.ts";
import { openPathsOf, tokensTaken, usersLetIn } from "./user-access.ts";
import { unseenKeys } from "./unseen-keys.ts";

export interface UsersArgs {
  readonly config: MeshConfig;
  readonly pipeline: PipelinePlan<ServiceConfig>;
  readonly istio: Istio;
  readonly gateway: IngressGateway;
}

/** Who may come in at the gateway, told by their tokens. */
export class Users extends pulumi.ComponentResource {
  /** What has to be there before the gateway listens; nothing where anyone may come in. */
  readonly before: readonly k8s.apiextensions.CustomResource[];

  constructor(cluster: Cluster, args: UsersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:security:Users", cluster.config.name, {}, opts);
    const { users } = args.config.ingress;
    this.before = users === undefined ? [] : this.walls(cluster, args, users);
    this.registerOutputs({});
  }

  private walls(
    cluster: Cluster,
    { config, pipeline, istio, gateway }: UsersArgs,
    users: NonNullable<MeshConfig["ingress"]["users"]>,
  ): k8s.apiextensions.CustomResource[] {
    for (const warning of unseenKeys(config)) void pulumi.log.warn(warning, this);
    const names = { name: "users", namespace: gateway.namespace.metadata.name };
    const child = { parent: this, provider: cluster.provider };
    const authentication = istioObject(
      "RequestAuthentication",
      `${cluster.config.name}-users`,
      names,
      tokensTaken(users, IngressGateway.selector),
      { ...child, dependsOn: [istio.istiod, gateway.namespace] },
    );
    const open = pipeline.services.filter(({ entry }) => entry).flatMap((entry) => openPathsOf(users, entry));
    // After it, and so gone before it: who has a genuine token is let in all the while.
    const authorization = istioObject(
      "AuthorizationPolicy",
      `${cluster.config.name}-users`,
      names,
      usersLetIn(users, open, IngressGateway.selector, config.ingress.tls !== undefined),
      { ...child, dependsOn: [authentication] },
    );
    return [authentication, authorization];
  }
}
