import { LabError } from "./errors.ts";

/*
 * All addresses of a lab lie in 100.96.0.0/12, out of the shared address space (RFC 6598) that no home or office
 * network uses. 100.96.0.0/16 is the one Ethernet segment that all hosts share; cluster c has 100.96.c.0/24 of it, and
 * 100.(97+c).0.0/16 for its pods (lower half) and Services (upper half).
 */
export const maxClusters = 15;
export const maxNodes = 100;

/** The segment that all hosts of all clusters are on. */
export const segment = "100.96.0.0/16";
/** The machine itself, as the hosts see it. */
export const machineAddress = "100.96.255.254";
export const segmentPrefixLength = 16;

/**
 * The world outside of the clusters: the machine again, under an address that documentation has to itself (RFC 5737), so
 * that it is none of a cluster's own. Every name below the domain leads there.
 */
export const outside = { cidr: "203.0.113.0/24", address: "203.0.113.1", domain: "outside.test" };

export interface NodeAddresses {
  address: string;
  podCidr: string;
  /** First address of podCidr: the pods' gateway. */
  podGateway: string;
}

export interface ClusterAddresses {
  hostCidr: string;
  controlPlane: string;
  nodes: NodeAddresses[];
  /** All pods of the cluster. */
  podCidr: string;
  serviceCidr: string;
  /** First address of serviceCidr: the Service `kubernetes`. */
  apiService: string;
  dnsService: string;
  /** LoadBalancer addresses, on the hosts' segment. */
  loadBalancerCidr: string;
}

export function clusterAddresses(index: number, nodeCount: number): ClusterAddresses {
  if (!Number.isInteger(index) || index < 0 || index >= maxClusters) {
    throw new LabError(`a lab has at most ${maxClusters} clusters; there is no cluster number ${index}`);
  }
  if (nodeCount > maxNodes) throw new LabError(`a cluster has at most ${maxNodes} nodes, not ${nodeCount}`);
  const hosts = `100.96.${index}`;
  const cluster = `100.${97 + index}`;
  return {
    hostCidr: `${hosts}.0/24`,
    controlPlane: `${hosts}.10`,
    nodes: Array.from({ length: nodeCount }, (_, node) => ({
      address: `${hosts}.${11 + node}`,
      podCidr: `${cluster}.${node}.0/24`,
      podGateway: `${cluster}.${node}.1`,
    })),
    podCidr: `${cluster}.0.0/17`,
    serviceCidr: `${cluster}.128.0/17`,
    apiService: `${cluster}.128.1`,
    dnsService: `${cluster}.128.10`,
    loadBalancerCidr: `${hosts}.192/26`,
  };
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

/** The first address of `cidr` that is not taken; neither its first nor its last one is given out. */
export function firstFree(cidr: string, taken: ReadonlySet<string>): string | undefined {
  const [base = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  for (let offset = 1; offset < size - 1; offset++) {
    const address = toAddress(toNumber(base) + offset);
    if (!taken.has(address)) return address;
  }
  return undefined;
}
