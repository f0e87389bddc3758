// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { ConditionKey } from "../scalars.ts";

export type AuthorizationPolicySpec = {
  action?: "ALLOW" | "DENY" | "AUDIT" | "CUSTOM";
  provider?: {
    name?: string;
  };
  rules?: Rule[];
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

export interface Rule {
  from?: {
    source?: Source;
  }[];
  to?: {
    operation?: Operation;
  }[];
  when?: Condition[];
}
export interface Source {
  ipBlocks?: string[];
  namespaces?: string[];
  notIpBlocks?: string[];
  notNamespaces?: string[];
  notPrincipals?: string[];
  notRemoteIpBlocks?: string[];
  notRequestPrincipals?: string[];
  notServiceAccounts?: string[];
  notTrustDomains?: string[];
  principals?: string[];
  remoteIpBlocks?: string[];
  requestPrincipals?: string[];
  serviceAccounts?: string[];
  trustDomains?: string[];
}
export interface Operation {
  hosts?: string[];
  methods?: string[];
  notHosts?: string[];
  notMethods?: string[];
  notPaths?: string[];
  notPorts?: string[];
  paths?: string[];
  ports?: string[];
}
export interface Condition {
  key: ConditionKey;
  notValues?: string[];
  values?: string[];
}
export interface PolicyTargetReference {
  group?: string;
  kind: string;
  name: string;
  namespace?: string;
}
