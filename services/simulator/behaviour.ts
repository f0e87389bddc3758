import { durationMs } from "./duration.ts";
import type { Latency } from "./latency.ts";
import { isRecord } from "./json.ts";

/** What can be changed of a stage while it runs: of one replica among several, say. */
export type Behaviour = {
  readonly latency: Latency;
  readonly errorRate: number;
  /** What a failing request is answered; `reset` closes its connection instead. */
  readonly errorStatus: number | "reset";
  /** Takes requests and does nothing with them: it does not even read their bodies. */
  readonly stalled?: boolean | undefined;
};

/** Reads a change, `{"latencyMedian":"300ms","errorRate":1}`; what it leaves out stays as it is. */
export function changedBehaviour(now: Behaviour, json: string): { behaviour: Behaviour; faults: string[] } {
  const change = parsed(json);
  if (!isRecord(change)) return { behaviour: now, faults: ["no JSON object"] };
  const faults = Object.keys(change)
    .filter((key) => !known.includes(key))
    .map((key) => `${key} is not known; known are ${known.join(", ")}`);

  const duration = (key: string, fallback: number): number => {
    const value = change[key];
    if (value === undefined) return fallback;
    const ms = typeof value === "string" ? durationMs(value) : undefined;
    if (ms === undefined) faults.push(`${key} ${JSON.stringify(value)} is no duration`);
    return ms ?? fallback;
  };
  const number = (key: string, fallback: number, from: number, to: number): number => {
    const value = change[key];
    if (value === undefined) return fallback;
    if (typeof value === "number" && value >= from && value <= to) return value;
    faults.push(`${key} ${JSON.stringify(value)} is no number from ${from} to ${to}`);
    return fallback;
  };

  const status = (key: string, fallback: number | "reset"): number | "reset" => {
    const value = change[key];
    if (value === undefined) return fallback;
    if (value === "reset" || (typeof value === "number" && value >= 400 && value <= 599)) return value;
    faults.push(`${key} ${JSON.stringify(value)} is neither a number from 400 to 599 nor "reset"`);
    return fallback;
  };

  const flag = (key: string, fallback: boolean | undefined): boolean | undefined => {
    const value = change[key];
    if (value === undefined || typeof value === "boolean") return value ?? fallback;
    faults.push(`${key} ${JSON.stringify(value)} is neither true nor false`);
    return fallback;
  };

  const median = duration("latencyMedian", now.latency.median);
  const p99 = duration(
    "latencyP99",
    Math.max(median, change["latencyMedian"] === undefined ? now.latency.p99 : median),
  );
  if (p99 < median) faults.push(`latencyP99, ${p99} ms, is less than latencyMedian, ${median} ms`);
  const behaviour = {
    latency: { median, p99 },
    errorRate: number("errorRate", now.errorRate, 0, 1),
    errorStatus: status("errorStatus", now.errorStatus),
    stalled: flag("stalled", now.stalled),
  };
  return { behaviour: faults.length === 0 ? behaviour : now, faults };
}

const known = ["latencyMedian", "latencyP99", "errorRate", "errorStatus", "stalled"];

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
