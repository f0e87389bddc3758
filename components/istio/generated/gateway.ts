// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { PortProtocol } from "../scalars.ts";

export type ServerTLSSettings = {
  caCertCredentialName?: string;
  caCertificates?: string;
  caCrl?: string;
  cipherSuites?: string[];
  httpsRedirect?: boolean;
  insecureSkipVerify?: boolean;
  maxProtocolVersion?: "TLS_AUTO" | "TLSV1_0" | "TLSV1_1" | "TLSV1_2" | "TLSV1_3";
  minProtocolVersion?: "TLS_AUTO" | "TLSV1_0" | "TLSV1_1" | "TLSV1_2" | "TLSV1_3";
  mode?: "PASSTHROUGH" | "SIMPLE" | "MUTUAL" | "AUTO_PASSTHROUGH" | "ISTIO_MUTUAL" | "OPTIONAL_MUTUAL";
  privateKey?: string;
  serverCertificate?: string;
  subjectAltNames?: string[];
  verifyCertificateHash?: string[];
  verifyCertificateSpki?: string[];
} & (
  | {
      credentialName?: string;
      credentialNames?: never;
      tlsCertificates?: {
        caCertificates?: string;
        privateKey?: string;
        serverCertificate?: string;
      }[];
    }
  | {
      credentialName?: never;
      credentialNames?: string[];
      tlsCertificates?: never;
    }
);

export interface GatewaySpec {
  selector?: {
    [k: string]: string;
  };
  servers?: Server[];
}
export interface Server {
  bind?: string;
  defaultEndpoint?: string;
  hosts: string[];
  name?: string;
  port: Port;
  tls?: ServerTLSSettings;
}
export interface Port {
  name: string;
  number: number;
  protocol: PortProtocol;
  targetPort?: number;
}
