// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { Duration, Percentage } from "../scalars.ts";

export type StringMatch =
  | {
      exact?: string;
      prefix?: never;
      regex?: never;
    }
  | {
      exact?: never;
      prefix?: string;
      regex?: never;
    }
  | {
      exact?: never;
      prefix?: never;
      regex?: string;
    };
export type HTTPRedirect = {
  authority?: string;
  prefixRewrite?: string;
  redirectCode?: number;
  scheme?: string;
  uri?: string;
} & (
  | {
      derivePort?: never;
      port?: number;
    }
  | {
      derivePort?: "FROM_PROTOCOL_DEFAULT" | "FROM_REQUEST_PORT";
      port?: never;
    }
);

export interface VirtualServiceSpec {
  exportTo?: string[];
  gateways?: string[];
  hosts?: string[];
  http?: HTTPRoute[];
  tcp?: TCPRoute[];
  tls?: TLSRoute[];
}
export interface HTTPRoute {
  corsPolicy?: CorsPolicy;
  delegate?: {
    name?: string;
    namespace?: string;
  };
  directResponse?: HTTPDirectResponse;
  fault?: HTTPFaultInjection;
  headers?: Headers;
  match?: HTTPMatchRequest[];
  mirror?: Destination;
  mirror_percent?: number;
  mirrorPercent?: number;
  mirrorPercentage?: Percent;
  mirrors?: HTTPMirrorPolicy[];
  name?: string;
  redirect?: HTTPRedirect;
  retries?: HTTPRetry;
  rewrite?: HTTPRewrite;
  route?: HTTPRouteDestination[];
  timeout?: Duration;
}
export interface CorsPolicy {
  allowCredentials?: boolean;
  allowHeaders?: string[];
  allowMethods?: string[];
  allowOrigin?: string[];
  allowOrigins?: StringMatch[];
  exposeHeaders?: string[];
  maxAge?: Duration;
  unmatchedPreflights?: "UNSPECIFIED" | "FORWARD" | "IGNORE";
}
export interface HTTPDirectResponse {
  body?:
    | {
        bytes?: never;
        string?: string;
      }
    | {
        bytes?: string;
        string?: never;
      };
  status: number;
}
export interface HTTPFaultInjection {
  abort?: {
    percentage?: Percent;
  } & (
    | {
        grpcStatus?: never;
        http2Error?: never;
        httpStatus?: number;
      }
    | {
        grpcStatus?: string;
        http2Error?: never;
        httpStatus?: never;
      }
    | {
        grpcStatus?: never;
        http2Error?: string;
        httpStatus?: never;
      }
  );
  delay?: {
    percent?: number;
    percentage?: Percent;
  } & (
    | {
        exponentialDelay?: never;
        fixedDelay?: Duration;
      }
    | {
        exponentialDelay?: Duration;
        fixedDelay?: never;
      }
  );
}
export interface Percent {
  value?: Percentage;
}
export interface Headers {
  request?: HeaderOperations;
  response?: HeaderOperations;
}
export interface HeaderOperations {
  add?: {
    [k: string]: string;
  };
  remove?: string[];
  set?: {
    [k: string]: string;
  };
}
export interface HTTPMatchRequest {
  authority?: StringMatch;
  gateways?: string[];
  headers?: {
    [k: string]: StringMatch;
  };
  ignoreUriCase?: boolean;
  method?: StringMatch;
  name?: string;
  port?: number;
  queryParams?: {
    [k: string]: StringMatch;
  };
  scheme?: StringMatch;
  sourceLabels?: {
    [k: string]: string;
  };
  sourceNamespace?: string;
  statPrefix?: string;
  uri?: StringMatch;
  withoutHeaders?: {
    [k: string]: StringMatch;
  };
}
export interface Destination {
  host: string;
  port?: {
    number?: number;
  };
  subset?: string;
}
export interface HTTPMirrorPolicy {
  destination: Destination;
  percentage?: Percent;
}
export interface HTTPRetry {
  attempts?: number;
  backoff?: Duration;
  perTryTimeout?: Duration;
  retryIgnorePreviousHosts?: boolean;
  retryOn?: string;
  retryRemoteLocalities?: boolean;
}
export interface HTTPRewrite {
  authority?: string;
  uri?: string;
  uriRegexRewrite?: {
    match?: string;
    rewrite?: string;
  };
}
export interface HTTPRouteDestination {
  destination: Destination;
  headers?: Headers;
  weight?: number;
}
export interface TCPRoute {
  match?: L4MatchAttributes[];
  route?: RouteDestination[];
}
export interface L4MatchAttributes {
  destinationSubnets?: string[];
  gateways?: string[];
  port?: number;
  sourceLabels?: {
    [k: string]: string;
  };
  sourceNamespace?: string;
  sourceSubnet?: string;
}
export interface RouteDestination {
  destination: Destination;
  weight?: number;
}
export interface TLSRoute {
  match: TLSMatchAttributes[];
  route?: RouteDestination[];
}
export interface TLSMatchAttributes {
  destinationSubnets?: string[];
  gateways?: string[];
  port?: number;
  sniHosts: string[];
  sourceLabels?: {
    [k: string]: string;
  };
  sourceNamespace?: string;
}
