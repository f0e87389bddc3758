import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceConfig } from "../../config/schema.ts";
import type { Secrets } from "../../config/schema/secrets.ts";
import type { Cluster } from "../cluster.ts";
import { secretKey, secretsOf } from "./env.ts";

export interface ServiceSecretsArgs {
  /** The secrets that stages refer to, by name. */
  readonly names: readonly string[];
  readonly values: pulumi.Output<Secrets>;
  readonly namespace: string;
  readonly after: readonly pulumi.Resource[];
}

/** The secrets of the stack file as Kubernetes Secrets, one each, so that a pod is given no more than it names. */
export class ServiceSecrets extends pulumi.ComponentResource {
  readonly secrets: ReadonlyMap<string, k8s.core.v1.Secret>;

  constructor(cluster: Cluster, args: ServiceSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { names, values, namespace, after } = args;
    super("linly-mesh:service:ServiceSecrets", cluster.config.name, {}, opts);
    this.secrets = new Map(
      names.map((name) => [
        name,
        new k8s.core.v1.Secret(
          `${cluster.config.name}-${name}`,
          {
            metadata: { name, namespace },
            stringData: { [secretKey]: values.apply((known) => known[name] ?? "") },
          },
          { parent: this, provider: cluster.provider, dependsOn: [...after] },
        ),
      ]),
    );
    this.registerOutputs({});
  }

  /** What comes before the pods of a service: the secrets that they are given. */
  before({ versions }: Pick<ServiceConfig, "versions">): readonly k8s.core.v1.Secret[] {
    const names = new Set(versions.flatMap(secretsOf));
    return [...names].flatMap((name) => this.secrets.get(name) ?? []);
  }

  /**
   * Changes whenever one of these secrets does, and tells nothing of what they hold. A pod reads its environment only
   * when it starts; with this in its template it is replaced by one that reads the new value.
   */
  revisionOf(names: readonly string[]): pulumi.Output<string> {
    const secrets = names.flatMap((name) => this.secrets.get(name) ?? []);
    // The id is what a preview does not know of a Secret that is yet to be made.
    const revisions = secrets.map(({ id, metadata }) => pulumi.all([id, metadata.resourceVersion]));
    return pulumi.all(revisions).apply((known) => known.map(([, revision]) => revision).join("."));
  }
}
