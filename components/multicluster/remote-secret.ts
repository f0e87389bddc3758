import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { istioNamespace } from "../istio/values.ts";
import type { Reader } from "./reader.ts";

/** The way to one cluster, as istiod reads it: a kubeconfig with a bearer token, the one kind that it takes. */
export function kubeconfigFor(name: string, server: string, certificateAuthority: string, token: string): string {
  return `${JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": certificateAuthority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  })}\n`;
}

/** By which a control plane watches another cluster. */
export class RemoteSecret extends pulumi.ComponentResource {
  readonly secret: k8s.core.v1.Secret;

  /**
   * @param controlPlane whose istiod watches
   * @param watched the cluster that is watched, and its account for that
   * @param after what must be there before istiod looks: its own namespace
   * @throws Error for a cluster of which nobody told where its API server is, which the checks of a stack file rule out
   */
  constructor(
    controlPlane: Cluster,
    { watched, reader, after }: { watched: Cluster; reader: Reader; after: readonly pulumi.Resource[] },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { name, apiServer } = watched.config;
    const logicalName = `${controlPlane.config.name}-reads-${name}`;
    super("linly-mesh:multicluster:RemoteSecret", logicalName, {}, opts);
    if (apiServer === undefined) throw new Error(`clusters: ${name} has no apiServer`);
    const kubeconfig = reader.token.data.apply((data) =>
      kubeconfigFor(name, apiServer, textOf(data, "ca.crt"), Buffer.from(textOf(data, "token"), "base64").toString()),
    );
    this.secret = new k8s.core.v1.Secret(
      logicalName,
      {
        metadata: {
          name: `istio-remote-secret-${name}`,
          namespace: istioNamespace,
          labels: { "istio/multiCluster": "true" },
          annotations: { "networking.istio.io/cluster": name },
        },
        stringData: { [name]: pulumi.secret(kubeconfig) },
      },
      { parent: this, provider: controlPlane.provider, dependsOn: [reader.binding, ...after] },
    );
    this.registerOutputs({});
  }
}

function textOf(data: Record<string, string>, key: string): string {
  const found = data[key];
  if (found === undefined || found === "") throw new Error(`the reader's token has no ${key}`);
  return found;
}
