import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** cert-manager's own resources, as far as this program makes them. */

const apiVersion = "cert-manager.io/v1";

/** Who signs: an Issuer of the same namespace, or one of the whole cluster. */
export interface IssuerRef {
  readonly kind: "Issuer" | "ClusterIssuer";
  readonly name: string;
}

export interface CertificateSpec {
  readonly secretName: string;
  readonly issuerRef: IssuerRef;
  /** Good for so long, and renewed so long before its end; cert-manager's own default is a third of it. */
  readonly duration: string;
  readonly renewBefore?: string | undefined;
  readonly isCA?: boolean;
  readonly commonName?: string;
  readonly subject?: { readonly organizations: readonly string[] };
  readonly dnsNames?: readonly string[];
  readonly privateKey: {
    readonly algorithm: "ECDSA";
    readonly size: 256 | 384;
    readonly rotationPolicy: "Always" | "Never";
  };
  readonly usages: readonly ("digital signature" | "cert sign" | "crl sign" | "server auth")[];
}

export type IssuerSpec =
  | { readonly selfSigned: object }
  | { readonly ca: { readonly secretName: string } }
  | {
      readonly acme: {
        readonly server: string;
        readonly email: string;
        readonly privateKeySecretRef: { readonly name: string };
        readonly solvers: readonly { readonly http01: { readonly ingress: { readonly class: string } } }[];
      };
    };

interface Names {
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
}

/*
 * Both are waited for: what names an issuer or reads a Secret comes after it can. The Secret itself is nobody's resource,
 * so that neither state nor a preview ever holds its key.
 */
export const untilReady = { "pulumi.com/waitFor": "condition=Ready" } as const;

export function issuer(logicalName: string, names: Names, spec: IssuerSpec, opts: pulumi.CustomResourceOptions) {
  return new k8s.apiextensions.CustomResource(
    logicalName,
    { apiVersion, kind: "Issuer", metadata: { ...names, annotations: untilReady }, spec },
    opts,
  );
}

export function certificate(
  logicalName: string,
  names: Names,
  spec: CertificateSpec,
  opts: pulumi.CustomResourceOptions,
) {
  return new k8s.apiextensions.CustomResource(
    logicalName,
    { apiVersion, kind: "Certificate", metadata: { ...names, annotations: untilReady }, spec },
    opts,
  );
}

/** What a CA's certificate may be used for, and what kind of key stands behind it. */
export const caUsages = ["digital signature", "cert sign", "crl sign"] as const;

/** What the CA of a cluster's control plane is, wherever its key and its signature come from. */
export function controlPlaneCa(cluster: string, trustDomain: string) {
  return {
    isCA: true,
    commonName: `${cluster} intermediate`,
    subject: { organizations: [trustDomain] },
    usages: caUsages,
  } satisfies Partial<CertificateSpec>;
}
