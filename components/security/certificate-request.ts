import * as pulumi from "@pulumi/pulumi";
import { untilReady, type caUsages, type IssuerRef } from "./certificates.ts";

export interface CertificateRequestSpec {
  /** The signing request, PEM in base64. */
  readonly request: pulumi.Input<string>;
  readonly issuerRef: IssuerRef;
  readonly duration: string;
  readonly isCA: boolean;
  readonly usages: readonly (typeof caUsages)[number][];
}

interface Names {
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
}

const apiVersion = "cert-manager.io/v1";
const kind = "CertificateRequest";
const type = `kubernetes:${apiVersion}:${kind}`;

/** cert-manager's CertificateRequest, with those of its fields that a program reads: nothing of them is secret. */
export class CertificateRequest extends pulumi.CustomResource {
  declare readonly spec: pulumi.Output<{ readonly request: string }>;
  declare readonly status: pulumi.Output<{ readonly certificate: string; readonly ca: string }>;

  /** One that cert-manager made; its id is `namespace/name`. */
  static read(logicalName: string, id: pulumi.Input<string>, opts: pulumi.CustomResourceOptions): CertificateRequest {
    return new CertificateRequest(logicalName, {}, { ...opts, id });
  }

  /** One that is to be signed, and is waited for until it is. */
  static signed(
    logicalName: string,
    names: Names,
    spec: CertificateRequestSpec,
    opts: pulumi.CustomResourceOptions,
  ): CertificateRequest {
    return new CertificateRequest(logicalName, { metadata: { ...names, annotations: untilReady }, spec }, opts);
  }

  private constructor(logicalName: string, inputs: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
    // A field becomes an output only if the constructor names it.
    super(
      type,
      logicalName,
      { apiVersion, kind, metadata: undefined, spec: undefined, status: undefined, ...inputs },
      opts,
    );
  }
}
