// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
export interface PeerAuthenticationSpec {
  mtls?: MutualTLS;
  portLevelMtls?: {
    [k: string]: MutualTLS;
  };
  selector?: {
    matchLabels?: {
      [k: string]: string;
    };
  };
}
export interface MutualTLS {
  mode?: "UNSET" | "DISABLE" | "PERMISSIVE" | "STRICT";
}
