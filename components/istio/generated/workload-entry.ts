// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
export interface WorkloadEntrySpec {
  address?: string;
  labels?: {
    [k: string]: string;
  };
  locality?: string;
  network?: string;
  ports?: {
    [k: string]: number;
  };
  serviceAccount?: string;
  weight?: number;
}
