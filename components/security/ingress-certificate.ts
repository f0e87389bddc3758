import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { IngressConfig, IngressTlsConfig } from "../../config/schema.ts";
import type { Cluster } from "../cluster.ts";
import type { IngressGateway } from "../istio/ingress-gateway.ts";
import { certificate, issuer, type CertificateSpec, type IssuerRef, type IssuerSpec } from "./certificates.ts";
import { OwnCa } from "./own-ca.ts";

export interface IngressCertificateArgs {
  readonly tls: IngressTlsConfig;
  readonly hosts: readonly string[];
  readonly gateway: IngressGateway;
  /** Undefined where someone else installed it. */
  readonly certManager: pulumi.Resource | undefined;
}

/** The certificate of a stack whose users come in by TLS. */
export function ingressCertificate(
  cluster: Cluster,
  { ingress: { tls, hosts }, ...args }: Omit<IngressCertificateArgs, "tls" | "hosts"> & { ingress: IngressConfig },
): IngressCertificate | undefined {
  return tls && new IngressCertificate(cluster, { ...args, tls, hosts });
}

/** Name of the certificate and of its Secret, in the gateway's own namespace, where alone it is read. */
export const ingressCertificateName = "ingress-certificate";

/** The certificate that the gateway shows its users, and who issues it. */
export class IngressCertificate extends pulumi.ComponentResource {
  /** By which a Gateway's server names the certificate. */
  readonly credentialName = ingressCertificateName;
  /** Ready once there is a certificate to show. */
  readonly certificate: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: IngressCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("linly-mesh:security:IngressCertificate", cluster.config.name, {}, opts);
    const { tls, hosts, gateway, certManager } = args;
    const namespace = gateway.namespace.metadata.name;
    // An ACME authority asks the gateway before there is a certificate; the others do not mind waiting for it.
    const after = [gateway.release, ...(certManager === undefined ? [] : [certManager])];
    const [issuerRef, issuers] = this.issuerOf(cluster, tls.issuer, namespace, after);
    this.certificate = certificate(
      `${cluster.config.name}-${ingressCertificateName}`,
      { name: ingressCertificateName, namespace },
      ingressCertificateSpec(tls, hosts, issuerRef),
      { parent: this, provider: cluster.provider, dependsOn: [...after, ...issuers] },
    );
    this.registerOutputs({});
  }

  private issuerOf(
    cluster: Cluster,
    config: IngressTlsConfig["issuer"],
    namespace: pulumi.Input<string>,
    after: readonly pulumi.Resource[],
  ): [IssuerRef, pulumi.Resource[]] {
    if (config === "ownCa") {
      const args = { name: "ingress-ca", namespace, commonName: `${cluster.config.name} ingress`, after };
      const ca = new OwnCa(cluster, args, { parent: this });
      return [ca.issuerRef, [ca.issuer]];
    }
    if ("existing" in config) return [config.existing, []];
    const name = "ingress-acme";
    const made = issuer(`${cluster.config.name}-${name}`, { name, namespace }, acmeSpec(name, config.acme), {
      parent: this,
      provider: cluster.provider,
      dependsOn: [...after],
    });
    return [{ kind: "Issuer", name }, [made]];
  }
}

export function ingressCertificateSpec(
  { duration, renewBefore }: IngressTlsConfig,
  hosts: readonly string[],
  issuerRef: IssuerRef,
): CertificateSpec {
  return {
    secretName: ingressCertificateName,
    issuerRef,
    duration,
    ...(renewBefore !== undefined && { renewBefore }),
    dnsNames: hosts,
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    usages: ["digital signature", "server auth"],
  };
}

/** Challenges are answered by HTTP through the gateway: cert-manager makes an Ingress for each, which istiod reads. */
export function acmeSpec(name: string, { email, server }: { email: string; server: string }): IssuerSpec {
  return {
    acme: {
      server,
      email,
      privateKeySecretRef: { name: `${name}-account` },
      solvers: [{ http01: { ingress: { class: "istio" } } }],
    },
  };
}
