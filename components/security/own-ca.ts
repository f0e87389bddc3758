import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster.ts";
import { caUsages, certificate, issuer, type CertificateSpec, type IssuerRef } from "./certificates.ts";

export interface OwnCaArgs {
  /** Of the Issuer, of the root certificate, and of the Secret that holds its key. */
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
  readonly commonName: string;
  /** What must be there before: the namespace, and cert-manager. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * The root's lifetime. Whoever trusts it has to be told of another one, so it is long; and it is renewed with the same key
 * under the same name, so that what was signed before stays good under the new certificate.
 */
const lifetime = { duration: "87600h", renewBefore: "8760h" } as const;

/** What a root certificate is asked to be. */
export function rootSpec(name: string, commonName: string): CertificateSpec {
  return {
    secretName: name,
    issuerRef: { kind: "Issuer", name: selfSigned(name) },
    ...lifetime,
    isCA: true,
    commonName,
    privateKey: { algorithm: "ECDSA", size: 384, rotationPolicy: "Never" },
    usages: caUsages,
  };
}

/**
 * A CA of this stack's own, made by cert-manager in the cluster: a root that signs itself, and an Issuer by it. An Issuer
 * and no ClusterIssuer: only who may make certificates in this namespace gets any of it.
 */
export class OwnCa extends pulumi.ComponentResource {
  readonly root: k8s.apiextensions.CustomResource;
  /** Whoever asks for a certificate depends on this. */
  readonly issuer: k8s.apiextensions.CustomResource;
  readonly issuerRef: IssuerRef;

  constructor(cluster: Cluster, args: OwnCaArgs, opts?: pulumi.ComponentResourceOptions) {
    const { name, namespace, commonName, after } = args;
    const logicalName = `${cluster.config.name}-${name}`;
    super("linly-mesh:security:OwnCa", logicalName, {}, opts);
    const child = { parent: this, provider: cluster.provider };
    this.issuerRef = { kind: "Issuer", name };
    const self = selfSigned(name);
    const first = issuer(
      `${cluster.config.name}-${self}`,
      { name: self, namespace },
      { selfSigned: {} },
      { ...child, dependsOn: [...after] },
    );
    this.root = certificate(logicalName, { name, namespace }, rootSpec(name, commonName), {
      ...child,
      dependsOn: [first],
    });
    this.issuer = issuer(
      logicalName,
      { name, namespace },
      { ca: { secretName: name } },
      {
        ...child,
        dependsOn: [this.root],
      },
    );
    this.registerOutputs({});
  }
}

function selfSigned(name: string): string {
  return `${name}-self-signed`;
}
