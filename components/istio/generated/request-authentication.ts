// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { Duration } from "../scalars.ts";

export type RequestAuthenticationSpec = {
  jwtRules?: JWTRule[];
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
export type JWTRule = {
  audiences?: string[];
  forwardOriginalToken?: boolean;
  fromCookies?: string[];
  fromHeaders?: {
    name: string;
    prefix?: string;
  }[];
  fromParams?: string[];
  issuer?: string;
  outputClaimToHeaders?: {
    claim: string;
    header: string;
  }[];
  outputPayloadToHeader?: string;
  spaceDelimitedClaims?: string[];
  timeout?: Duration;
} & (
  | {
      jwks?: never;
      jwks_uri?: never;
      jwksUri?: string;
    }
  | {
      jwks?: never;
      jwks_uri?: string;
      jwksUri?: never;
    }
  | {
      jwks?: string;
      jwks_uri?: never;
      jwksUri?: never;
    }
);

export interface PolicyTargetReference {
  group?: string;
  kind: string;
  name: string;
  namespace?: string;
}
