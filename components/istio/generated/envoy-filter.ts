// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { FreeForm } from "../scalars.ts";

export type EnvoyFilterSpec = {
  configPatches?: EnvoyConfigObjectPatch[];
  priority?: number;
} & (
  | {
      targetRefs?: never;
      workloadSelector?: {
        labels?: {
          [k: string]: string;
        };
      };
    }
  | {
      targetRefs?: PolicyTargetReference[];
      workloadSelector?: never;
    }
);
export type EnvoyConfigObjectMatch = {
  context?: "ANY" | "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" | "GATEWAY" | "WAYPOINT";
  proxy?: {
    metadata?: {
      [k: string]: string;
    };
    proxyVersion?: string;
  };
} & (
  | {
      cluster?: never;
      listener?: {
        filterChain?: {
          applicationProtocols?: string;
          destinationPort?: number;
          filter?: {
            name?: string;
            subFilter?: {
              name?: string;
            };
          };
          name?: string;
          sni?: string;
          transportProtocol?: string;
        };
        listenerFilter?: string;
        name?: string;
        portName?: string;
        portNumber?: number;
      };
      routeConfiguration?: never;
      waypoint?: never;
    }
  | {
      cluster?: never;
      listener?: never;
      routeConfiguration?: {
        gateway?: string;
        name?: string;
        portName?: string;
        portNumber?: number;
        vhost?: {
          domainName?: string;
          name?: string;
          route?: {
            action?: "ANY" | "ROUTE" | "REDIRECT" | "DIRECT_RESPONSE";
            name?: string;
          };
        };
      };
      waypoint?: never;
    }
  | {
      cluster?: {
        name?: string;
        portNumber?: number;
        service?: string;
        subset?: string;
      };
      listener?: never;
      routeConfiguration?: never;
      waypoint?: never;
    }
  | {
      cluster?: never;
      listener?: never;
      routeConfiguration?: never;
      waypoint?: {
        filter?: {
          name?: string;
          subFilter?: {
            name?: string;
          };
        };
        portNumber?: number;
        route?: {
          name?: string;
        };
      };
    }
);

export interface EnvoyConfigObjectPatch {
  applyTo?:
    | "INVALID"
    | "LISTENER"
    | "FILTER_CHAIN"
    | "NETWORK_FILTER"
    | "HTTP_FILTER"
    | "ROUTE_CONFIGURATION"
    | "VIRTUAL_HOST"
    | "HTTP_ROUTE"
    | "CLUSTER"
    | "EXTENSION_CONFIG"
    | "BOOTSTRAP"
    | "LISTENER_FILTER";
  match?: EnvoyConfigObjectMatch;
  patch?: Patch;
}
export interface Patch {
  filterClass?: "UNSPECIFIED" | "AUTHN" | "AUTHZ" | "STATS";
  operation?:
    | "INVALID"
    | "MERGE"
    | "ADD"
    | "REMOVE"
    | "INSERT_BEFORE"
    | "INSERT_AFTER"
    | "INSERT_FIRST"
    | "REPLACE"
    | "MERGE_AND_REPLACE_LIST";
  value?: FreeForm;
}
export interface PolicyTargetReference {
  group?: string;
  kind: string;
  name: string;
  namespace?: string;
}
