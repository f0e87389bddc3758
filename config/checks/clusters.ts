import { normalize } from "node:path";
import { overlaps } from "../../services/cidr.ts";
import { isRemote } from "../../services/topology.ts";
import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";

type Cluster = LenientMesh["clusters"][number];

/** One name or one API server for two clusters. */
export function clusterFaults({ clusters }: LenientMesh): Fault[] {
  const names = clusters.map(({ name }) => name);
  const faults: Fault[] = repeated(names)
    .filter(({ value }) => value !== "")
    .map(({ value, index }) => ({
      path: `clusters[${index}].name`,
      message: `${JSON.stringify(value)} is the name of ${placeOf(names.indexOf(value))} too; each cluster has its own`,
    }));
  const servers = clusters.map(({ apiServer }) => (apiServer === undefined ? "" : originOf(apiServer)));
  for (const { value, index } of repeated(servers).filter(({ value }) => value !== "")) {
    const message = `${JSON.stringify(clusters[index]?.apiServer)} is the API server of ${placeOf(servers.indexOf(value))} too; a cluster has one of its own`;
    faults.push({ path: `clusters[${index}].apiServer`, message });
  }
  const ways = clusters.map(({ kubeconfig, context }) =>
    JSON.stringify([kubeconfig === undefined ? null : normalize(kubeconfig), context ?? null]),
  );
  for (const { value, index } of repeated(ways)) {
    const message = `leads to the cluster of ${placeOf(ways.indexOf(value))} too: the same context of the same kubeconfig; name another`;
    faults.push({ path: `clusters[${index}].context`, message });
  }
  for (const [index, { zones }] of clusters.entries()) {
    for (const { value, index: zone } of repeated(zones)) {
      faults.push({ path: `clusters[${index}].zones[${zone}]`, message: `${JSON.stringify(value)} is there twice` });
    }
  }
  return faults;
}

/** API servers that a control plane elsewhere has to reach: those that nobody tells, and those that are nowhere to it. */
export function apiServerFaults({ topology, clusters }: LenientMesh): Fault[] {
  if (topology === undefined || topology === "single") return [];
  const primaries = clusters.filter((cluster) => !isRemote(cluster));
  return clusters.flatMap((cluster, index) => {
    const watching = primaries.filter((primary) => primary !== cluster).map(({ name }) => name);
    if (watching.length === 0) return [];
    const path = `clusters[${index}].apiServer`;
    const who = `${watching.length === 1 ? "the control plane" : "the control planes"} of ${watching.join(", ")}`;
    if (cluster.apiServer === undefined) {
      const example = '"https://10.0.0.1:6443"';
      return [{ path, message: `is missing; ${who} watch${watching.length === 1 ? "es" : ""} it there: ${example}` }];
    }
    if (!isLoopback(cluster.apiServer)) return [];
    const message = `${JSON.stringify(cluster.apiServer)} is to ${who} the own pod; name what leads here from there`;
    return [{ path, message }];
  });
}

/** Addresses of pods of one network, by which its clusters tell their pods apart. */
export function podCidrFaults({ clusters }: LenientMesh): Fault[] {
  const faults: Fault[] = [];
  for (const [index, cluster] of clusters.entries()) {
    const { network, podCidrs } = cluster;
    const path = `clusters[${index}].podCidrs`;
    const sharing = clusters.filter((other) => other !== cluster && other.network === network);
    if (network !== undefined && sharing.length > 0 && podCidrs.length === 0) {
      const others = sharing.map(({ name }) => name).join(", ");
      const message = `is missing; on network ${JSON.stringify(network)}, which it shares with ${others}, pods are told apart by their addresses`;
      faults.push({ path, message });
    }
    for (const [place, cidr] of podCidrs.entries()) {
      const [first] = [
        ...overlapping(cidr, podCidrs.slice(0, place), index),
        ...clusters
          .slice(0, index)
          .flatMap((other, at) => (sharesNetwork(cluster, other) ? overlapping(cidr, other.podCidrs, at) : [])),
      ];
      if (first === undefined) continue;
      const message = `${JSON.stringify(cidr)} overlaps ${JSON.stringify(first.cidr)} of ${first.where}; addresses of one network are of one pod each`;
      faults.push({ path: `${path}[${place}]`, message });
    }
  }
  return faults;
}

function sharesNetwork({ network }: Cluster, other: Cluster): boolean {
  return network !== undefined && network === other.network;
}

function overlapping(cidr: string, others: readonly string[], cluster: number) {
  return others
    .filter((other) => overlaps(cidr, other))
    .map((other) => ({ cidr: other, where: `${placeOf(cluster)}.podCidrs` }));
}

function placeOf(index: number): string {
  return `clusters[${index}]`;
}

/** `https://a` and `https://a:443` are one server. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
