import { bytes } from "../../config/quantities.ts";
import type { Installed, PrometheusConfig } from "../../config/schema.ts";

/** Size of the volume where a stack names none: what is kept there is gone when the pod moves. */
const passingStorage = "8Gi";

/** Share of the volume that samples may take, as Prometheus' own page on storage advises: compaction needs the rest. */
const usableShare = 0.8;

/** The volume that samples lie in, and whether it outlives the pod. */
export function sampleVolume({ storage }: Pick<Installed<PrometheusConfig>, "storage">) {
  return { size: storage ?? passingStorage, keep: storage !== undefined };
}

/**
 * Arguments that say how long samples are kept: until they are too old, and no more of them than the volume holds. By age
 * alone they would outgrow it, and the kubelet evicts a pod for that.
 */
export function retentionArgs(config: Pick<Installed<PrometheusConfig>, "retention" | "storage">): string[] {
  const most = Math.floor(bytes(sampleVolume(config).size) * usableShare);
  return [`--storage.tsdb.retention.time=${config.retention}`, `--storage.tsdb.retention.size=${most}B`];
}
