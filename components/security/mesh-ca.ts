import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { rootName } from "../../config/root-name.ts";
import type { Cluster } from "../cluster.ts";
import { certificate, controlPlaneCa, type CertificateSpec, type IssuerRef } from "./certificates.ts";
import { OwnCa } from "./own-ca.ts";

/** The Secret from which istiod takes its CA; istiod knows it by this name alone. */
export const pluggedInCa = "cacerts";

export interface MeshCaArgs {
  readonly meshId: string;
  readonly trustDomain: string;
  /** istiod's. */
  readonly namespace: k8s.core.v1.Namespace;
  readonly certManager: pulumi.Resource;
}

/**
 * What istiod's CA is asked to be. A third of its lifetime is left when it is renewed, which is more than any workload's
 * certificate is good for (90 days): none outlives the intermediate that signed it.
 */
export function intermediateSpec(issuerRef: IssuerRef, cluster: string, trustDomain: string): CertificateSpec {
  return {
    secretName: pluggedInCa,
    issuerRef,
    duration: "8760h",
    renewBefore: "2920h",
    ...controlPlaneCa(cluster, trustDomain),
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
  };
}

/** The mesh's root and, apart from it, the intermediate CA of this cluster's control plane; both by cert-manager. */
export class MeshCa extends pulumi.ComponentResource {
  readonly root: OwnCa;
  /** istiod comes after this: without it, it would make a root of its own. */
  readonly intermediate: k8s.apiextensions.CustomResource;

  constructor(cluster: Cluster, args: MeshCaArgs, opts?: pulumi.ComponentResourceOptions) {
    const { meshId, trustDomain, certManager } = args;
    super("linly-mesh:security:MeshCa", cluster.config.name, {}, opts);
    const namespace = args.namespace.metadata.name;
    const after = [args.namespace, certManager];
    this.root = new OwnCa(
      cluster,
      { name: "mesh-root", namespace, commonName: rootName(meshId), after },
      { parent: this },
    );
    this.intermediate = certificate(
      `${cluster.config.name}-${pluggedInCa}`,
      { name: pluggedInCa, namespace },
      intermediateSpec(this.root.issuerRef, cluster.config.name, trustDomain),
      { parent: this, provider: cluster.provider, dependsOn: [this.root.issuer] },
    );
    this.registerOutputs({});
  }
}
