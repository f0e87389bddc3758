import { z } from "zod";
import { textAt } from "../json.ts";
import type { Json } from "../json.ts";

const recordSchema = z.object({
  /** Name of its provider. */
  name: z.string(),
  /** Of its namespace kube-system: no other cluster ever has it. */
  uid: z.string(),
  /** Path as the program gives it, empty for what kubectl would use; absent where it gives the content, which holds credentials and is never written down. */
  kubeconfig: z.string().exactOptional(),
  context: z.string(),
});

/** A cluster that a stack has something in, as the inventories of its other clusters name it: the way there, and no more. */
export type ClusterRecord = z.infer<typeof recordSchema>;

/** The other clusters that an inventory's ConfigMap names, one a line. */
export function recordsOf(live: Json | undefined): ClusterRecord[] {
  const lines = (textAt(live, "data", "clusters") ?? "").split("\n").filter((line) => line !== "");
  return lines.map((line) => recordSchema.parse(JSON.parse(line)));
}

/** Those of the program, and what of the recorded ones it no longer names. */
export interface KnownClusters {
  readonly left: ClusterRecord[];
  /** Recorded ones to which nothing leads any more: another cluster, which the program names, is where they were. */
  readonly replaced: ClusterRecord[];
}

/** Tells apart what inventories name, by the clusters that the program names. In the order of their names. */
export function knownClusters(named: readonly ClusterRecord[], recorded: readonly ClusterRecord[]): KnownClusters {
  const byUid = new Map(recorded.map((record) => [record.uid, record]));
  for (const { uid } of named) byUid.delete(uid);
  const others = [...byUid.values()].sort(byName);
  const isReplaced = (record: ClusterRecord) => named.some((one) => samePlace(one, record));
  return { left: others.filter((one) => !isReplaced(one)), replaced: others.filter(isReplaced) };
}

function samePlace(one: ClusterRecord, other: ClusterRecord): boolean {
  return one.kubeconfig !== undefined && one.kubeconfig === other.kubeconfig && one.context === other.context;
}

/** An order that does not change from run to run. */
export function byName(one: ClusterRecord, other: ClusterRecord): number {
  return compare(one.name, other.name) || compare(one.uid, other.uid);
}

export function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
