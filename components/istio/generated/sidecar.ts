// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { Duration, PortProtocol } from "../scalars.ts";

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

export interface SidecarSpec {
  egress?: IstioEgressListener[];
  inboundConnectionPool?: ConnectionPoolSettings;
  ingress?: IstioIngressListener[];
  outboundTrafficPolicy?: OutboundTrafficPolicy;
  workloadSelector?: {
    labels?: {
      [k: string]: string;
    };
  };
}
export interface IstioEgressListener {
  bind?: string;
  captureMode?: "DEFAULT" | "IPTABLES" | "NONE";
  hosts: string[];
  port?: SidecarPort;
}
export interface SidecarPort {
  name?: string;
  number?: number;
  protocol?: PortProtocol;
  targetPort?: number;
}
export interface ConnectionPoolSettings {
  http?: {
    h2UpgradePolicy?: "DEFAULT" | "DO_NOT_UPGRADE" | "UPGRADE";
    http1MaxPendingRequests?: number;
    http2KeepAlive?: {
      interval?: Duration;
      timeout?: Duration;
    };
    http2MaxRequests?: number;
    idleTimeout?: Duration;
    maxConcurrentStreams?: number;
    maxRequestsPerConnection?: number;
    maxRetries?: number;
    useClientProtocol?: boolean;
  };
  tcp?: {
    connectTimeout?: Duration;
    idleTimeout?: Duration;
    maxConnectionDuration?: Duration;
    maxConnections?: number;
    tcpKeepalive?: {
      interval?: Duration;
      probes?: number;
      time?: Duration;
    };
  };
}
export interface IstioIngressListener {
  bind?: string;
  captureMode?: "DEFAULT" | "IPTABLES" | "NONE";
  connectionPool?: ConnectionPoolSettings;
  defaultEndpoint?: string;
  port: SidecarPort;
  tls?: ServerTLSSettings;
}
export interface OutboundTrafficPolicy {
  egressProxy?: {
    host: string;
    port?: {
      number?: number;
    };
    subset?: string;
  };
  mode?: "REGISTRY_ONLY" | "ALLOW_ANY";
}
