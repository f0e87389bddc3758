import type { Random } from "./random.ts";

/** How long a stage works, told by two points that anyone can read off a dashboard. Milliseconds. */
export type Latency = { readonly median: number; readonly p99: number };

/** The normal distribution's 99th percentile, in standard deviations. */
const Z99 = 2.3263478740408408;

/** Milliseconds at `z` standard deviations of the log-normal distribution through both points. */
export function latencyAt({ median, p99 }: Latency, z: number): number {
  return median === 0 ? 0 : median * (p99 / median) ** (z / Z99);
}

/** One draw of that distribution. */
export function sampleLatency(latency: Latency, random: Random): number {
  return latencyAt(latency, standardNormal(random));
}

/** Box–Muller; 1 - random() keeps zero, whose logarithm is infinite, out. */
function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
