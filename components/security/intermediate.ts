import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { CertificateRequest } from "./certificate-request.ts";
import { caUsages, certificate, controlPlaneCa, issuer, type CertificateSpec } from "./certificates.ts";
import type { MeshCa } from "./mesh-ca.ts";

/** Name of the certificate by which the key is made and the request with it, and of the Secret that holds the key. */
export const requestName = "mesh-ca-request";

/** Name of the ConfigMap with what the root's cluster answered: `tls.crt` and `ca.crt`. */
export const chainName = "mesh-ca-chain";

/** How long an intermediate is good for whose renewal somebody has to ask for, by another `clusters[].intermediate`. */
const lifetime = "43800h";

export interface IntermediateArgs {
  /** Where the root is. */
  readonly root: MeshCa;
  readonly rootCluster: Cluster;
  readonly trustDomain: string;
  /** istiod's, in the cluster whose CA this is. */
  readonly namespace: k8s.core.v1.Namespace;
  readonly certManager: pulumi.Resource;
}

/**
 * What the key is made by: a certificate that signs itself, of which only the key and the request are used. It is never
 * renewed while the mesh lives, since every renewal would leave the request of the one before.
 */
export function requestSpec(cluster: string, trustDomain: string): CertificateSpec {
  return {
    secretName: requestName,
    issuerRef: { kind: "Issuer", name: requestName },
    duration: "876000h",
    ...controlPlaneCa(cluster, trustDomain),
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
  };
}

/**
 * The intermediate CA of a control plane whose cluster is not the root's. Its key is made in its own cluster and stays
 * there; what goes to the root's cluster is a signing request, and what comes back a certificate, both public.
 */
export class Intermediate extends pulumi.ComponentResource {
  /** istiod comes after this: its pod waits for it, and for the key beside it. */
  readonly chain: k8s.core.v1.ConfigMap;

  constructor(cluster: Cluster, args: IntermediateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:security:Intermediate", cluster.config.name, {}, opts);
    const { root, rootCluster, trustDomain, certManager } = args;
    const { name, intermediate } = cluster.config;
    const namespace = args.namespace.metadata.name;
    const child = { parent: this, provider: cluster.provider };
    const self = issuer(
      `${name}-${requestName}`,
      { name: requestName, namespace },
      { selfSigned: {} },
      { ...child, dependsOn: [args.namespace, certManager] },
    );
    const request = certificate(
      `${name}-${requestName}`,
      { name: requestName, namespace },
      requestSpec(name, trustDomain),
      { ...child, dependsOn: [self] },
    );
    // cert-manager names the request of a certificate's first issuance so.
    const made = CertificateRequest.read(`${name}-${requestName}-1`, pulumi.interpolate`${request.id}-1`, child);
    const signed = CertificateRequest.signed(
      `${name}-intermediate-${intermediate}`,
      { name: `${name}-intermediate-${intermediate}`, namespace },
      {
        request: made.spec.apply((spec) => spec.request),
        issuerRef: root.root.issuerRef,
        duration: lifetime,
        isCA: true,
        usages: caUsages,
      },
      { parent: this, provider: rootCluster.provider, dependsOn: [root.root.issuer] },
    );
    this.chain = new k8s.core.v1.ConfigMap(
      `${name}-${chainName}`,
      {
        metadata: { name: chainName, namespace },
        data: {
          "tls.crt": signed.status.apply(({ certificate }) => decoded(certificate)),
          "ca.crt": signed.status.apply(({ ca }) => decoded(ca)),
        },
      },
      { ...child, dependsOn: [request] },
    );
    this.registerOutputs({});
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
