// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { Duration, Percentage } from "../scalars.ts";

export type LoadBalancerSettings = {
  localityLbSetting?: LocalityLoadBalancerSetting;
  warmup?: {
    aggression?: number;
    duration: Duration;
    minimumPercent?: Percentage;
  };
  warmupDurationSecs?: Duration;
  zoneAwareLbSetting?: {
    enabled?: boolean;
    failover?: {
      from?: string;
      to?: string;
    }[];
    failoverPriority?: string[];
    minClusterSize?: number;
  };
} & (
  | {
      consistentHash?: never;
      simple?: "UNSPECIFIED" | "LEAST_CONN" | "RANDOM" | "PASSTHROUGH" | "ROUND_ROBIN" | "LEAST_REQUEST";
    }
  | {
      consistentHash?: ConsistentHashLB;
      simple?: never;
    }
);
export type ConsistentHashLB = {
  minimumRingSize?: number;
} & (
  | {
      httpCookie?: never;
      httpHeaderName?: string;
      httpQueryParameterName?: never;
      useSourceIp?: never;
    }
  | {
      httpCookie?: {
        attributes?: {
          name: string;
          value?: string;
        }[];
        name: string;
        path?: string;
        ttl?: Duration;
      };
      httpHeaderName?: never;
      httpQueryParameterName?: never;
      useSourceIp?: never;
    }
  | {
      httpCookie?: never;
      httpHeaderName?: never;
      httpQueryParameterName?: never;
      useSourceIp?: boolean;
    }
  | {
      httpCookie?: never;
      httpHeaderName?: never;
      httpQueryParameterName?: string;
      useSourceIp?: never;
    }
) &
  (
    | {
        maglev?: never;
        ringHash?: {
          minimumRingSize?: number;
        };
      }
    | {
        maglev?: {
          tableSize?: number;
        };
        ringHash?: never;
      }
  );

export interface DestinationRuleSpec {
  exportTo?: string[];
  host: string;
  subsets?: Subset[];
  trafficPolicy?: TrafficPolicy;
  workloadSelector?: {
    matchLabels?: {
      [k: string]: string;
    };
  };
}
export interface Subset {
  labels?: {
    [k: string]: string;
  };
  name: string;
  trafficPolicy?: TrafficPolicy;
}
export interface TrafficPolicy {
  connectionPool?: ConnectionPoolSettings;
  loadBalancer?: LoadBalancerSettings;
  outlierDetection?: OutlierDetection;
  portLevelSettings?: PortTrafficPolicy[];
  proxyProtocol?: {
    version?: "V1" | "V2";
  };
  retryBudget?: RetryBudget;
  tls?: ClientTLSSettings;
  tunnel?: {
    protocol?: string;
    targetHost: string;
    targetPort: number;
  };
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
export interface LocalityLoadBalancerSetting {
  distribute?: {
    from?: string;
    to?: {
      [k: string]: number;
    };
  }[];
  enabled?: boolean;
  failover?: {
    from?: string;
    to?: string;
  }[];
  failoverPriority?: string[];
}
export interface OutlierDetection {
  baseEjectionTime?: Duration;
  consecutive5xxErrors?: number;
  consecutiveErrors?: number;
  consecutiveGatewayErrors?: number;
  consecutiveLocalOriginFailures?: number;
  interval?: Duration;
  maxEjectionPercent?: Percentage;
  minHealthPercent?: Percentage;
  outlierDetectionHttpErrorCodes?: number[];
  splitExternalLocalOriginErrors?: boolean;
}
export interface PortTrafficPolicy {
  connectionPool?: ConnectionPoolSettings;
  loadBalancer?: LoadBalancerSettings;
  outlierDetection?: OutlierDetection;
  port?: {
    number?: number;
  };
  tls?: ClientTLSSettings;
}
export interface ClientTLSSettings {
  caCertificates?: string;
  caCrl?: string;
  clientCertificate?: string;
  credentialName?: string;
  insecureSkipVerify?: boolean;
  mode?: "DISABLE" | "SIMPLE" | "MUTUAL" | "ISTIO_MUTUAL";
  privateKey?: string;
  sni?: string;
  subjectAltNames?: string[];
}
export interface RetryBudget {
  budgetInterval?: Duration;
  minRetryConcurrency?: number;
  percent?: Percentage;
}
