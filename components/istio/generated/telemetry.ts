// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { Duration, Percentage } from "../scalars.ts";

export type TelemetrySpec = {
  accessLogging?: AccessLogging[];
  metrics?: Metrics[];
  tracing?: Tracing[];
} & (
  | {
      selector?: {
        matchLabels?: {
          [k: string]: string;
        };
      };
      targetRef?: never;
      targetRefs?: never;
    }
  | {
      selector?: never;
      targetRef?: PolicyTargetReference;
      targetRefs?: never;
    }
  | {
      selector?: never;
      targetRef?: never;
      targetRefs?: PolicyTargetReference[];
    }
);

export interface AccessLogging {
  disabled?: boolean;
  filter?: {
    expression?: string;
  };
  match?: {
    mode?: "CLIENT_AND_SERVER" | "CLIENT" | "SERVER";
  };
  providers?: {
    name: string;
  }[];
}
export interface Metrics {
  overrides?: MetricsOverrides[];
  providers?: {
    name: string;
  }[];
  reportingInterval?: Duration;
}
export interface MetricsOverrides {
  disabled?: boolean;
  match?: {
    mode?: "CLIENT_AND_SERVER" | "CLIENT" | "SERVER";
  } & (
    | {
        customMetric?: never;
        metric?:
          | "ALL_METRICS"
          | "REQUEST_COUNT"
          | "REQUEST_DURATION"
          | "REQUEST_SIZE"
          | "RESPONSE_SIZE"
          | "TCP_OPENED_CONNECTIONS"
          | "TCP_CLOSED_CONNECTIONS"
          | "TCP_SENT_BYTES"
          | "TCP_RECEIVED_BYTES"
          | "GRPC_REQUEST_MESSAGES"
          | "GRPC_RESPONSE_MESSAGES";
      }
    | {
        customMetric?: string;
        metric?: never;
      }
  );
  tagOverrides?: {
    [k: string]: {
      operation?: "UPSERT" | "REMOVE";
      value?: string;
    };
  };
}
export interface Tracing {
  customTags?: {
    [k: string]:
      | {
          environment?: never;
          formatter?: never;
          header?: never;
          literal?: {
            value: string;
          };
        }
      | {
          environment?: {
            defaultValue?: string;
            name: string;
          };
          formatter?: never;
          header?: never;
          literal?: never;
        }
      | {
          environment?: never;
          formatter?: never;
          header?: {
            defaultValue?: string;
            name: string;
          };
          literal?: never;
        }
      | {
          environment?: never;
          formatter?: {
            value: string;
          };
          header?: never;
          literal?: never;
        };
  };
  disableContextPropagation?: boolean;
  disableSpanReporting?: boolean;
  enableIstioTags?: boolean;
  match?: {
    mode?: "CLIENT_AND_SERVER" | "CLIENT" | "SERVER";
  };
  providers?: {
    name: string;
  }[];
  randomSamplingPercentage?: Percentage;
  useRequestIdForTraceSampling?: boolean;
}
export interface PolicyTargetReference {
  group?: string;
  kind: string;
  name: string;
  namespace?: string;
}
