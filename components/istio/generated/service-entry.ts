// Made by `npm run generate` from the CRDs of istio.io/api v1.31.1. Changes by hand are lost.
import type { PortProtocol } from "../scalars.ts";

export type ServiceEntrySpec = {
  addresses?: string[];
  exportTo?: string[];
  hosts: string[];
  location?: "MESH_EXTERNAL" | "MESH_INTERNAL";
  ports?: ServicePort[];
  resolution?: "NONE" | "STATIC" | "DNS" | "DNS_ROUND_ROBIN" | "DYNAMIC_DNS";
  subjectAltNames?: string[];
} & (
  | {
      endpoints?: never;
      workloadSelector?: {
        labels?: {
          [k: string]: string;
        };
      };
    }
  | {
      endpoints?: WorkloadEntry[];
      workloadSelector?: never;
    }
);

export interface ServicePort {
  name: string;
  number: number;
  protocol?: PortProtocol;
  targetPort?: number;
}
export interface WorkloadEntry {
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
