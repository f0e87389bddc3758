import { hostname } from "node:os";
import { durationMs } from "./duration.ts";
import { hopsFrom } from "./hop.ts";
import type { Hop } from "./hop.ts";
import type { Latency } from "./latency.ts";

/** What one simulated stage is told by its environment. */
export type Settings = {
  /** STAGE: the stage it plays, e.g. "llm". Required. */
  readonly stage: string;
  /** VERSION: which of the stage's versions. Required. */
  readonly version: string;
  /** PORT: where it listens; 0 lets the system choose. 8080. */
  readonly port: number;
  /** NEXT_HOPS: JSON array of `{name, url, method?}`, called one after the other. None. */
  readonly hops: readonly Hop[];
  /** LATENCY_MEDIAN and LATENCY_P99 of its own work. No wait; the 99th percentile defaults to the median. */
  readonly latency: Latency;
  /** CONCURRENCY: how many requests it works on at a time, as an engine with a GPU of its own does. No limit. */
  readonly concurrency: number;
  /** ERROR_RATE: the share of requests that fail, 0 to 1. 0. */
  readonly errorRate: number;
  /** ERROR_STATUS: what a failing request is answered, 400 to 599. 503. */
  readonly errorStatus: number;
  /** LOAD_TIME: how long it takes to become ready, as a model that loads does. 0s. */
  readonly loadMs: number;
  /** DRAIN_TIME: how long after SIGTERM new connections are still accepted, until all callers know. 3s. */
  readonly drainMs: number;
  /** POD_NAME: the host's name. */
  readonly pod: string;
  /** NODE_NAME: "unknown". */
  readonly node: string;
  /** SEED: makes latencies and errors repeatable. None. */
  readonly seed: number | undefined;
};

/** Every fault of an environment, as its reader wants to see them. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? "1 problem" : `${faults.length} problems`;
    super(`the environment has ${count}:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.faults = faults;
  }
}

/** Reads the environment, or throws all that is wrong with it at once. */
export function settingsFrom(env: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = [];
  const fault = (name: string, text: string) => void faults.push(`${name.padEnd(15)} ${text}`);

  const required = (name: string): string => {
    const value = env[name] ?? "";
    if (value === "") fault(name, "is not set");
    return value;
  };
  const number = (name: string, fallback: number, from: number, to: number, whole: boolean): number => {
    const text = env[name];
    if (text === undefined || text === "") return fallback;
    const value = Number(text);
    const fits = value >= from && value <= to && (!whole || Number.isInteger(value));
    if (!fits) fault(name, `"${text}" is no ${whole ? "whole number" : "number"} from ${from} to ${to}`);
    return value;
  };
  const duration = (name: string, fallback: number): number => {
    const text = env[name];
    if (text === undefined || text === "") return fallback;
    const value = durationMs(text);
    if (value === undefined) fault(name, `"${text}" is no duration; write e.g. "80ms", "1.2s" or "2m"`);
    return value ?? fallback;
  };

  const median = duration("LATENCY_MEDIAN", 0);
  const p99 = duration("LATENCY_P99", median);
  if (p99 < median) fault("LATENCY_P99", `${p99} ms is less than LATENCY_MEDIAN, ${median} ms`);
  if (median === 0 && p99 > 0) fault("LATENCY_MEDIAN", "must be more than 0 when LATENCY_P99 is");

  const hops = hopsFrom(env["NEXT_HOPS"] ?? "[]");
  for (const problem of hops.faults) fault("NEXT_HOPS", problem);

  const settings: Settings = {
    stage: required("STAGE"),
    version: required("VERSION"),
    port: number("PORT", 8080, 0, 65_535, true),
    hops: hops.hops,
    latency: { median, p99 },
    concurrency: number("CONCURRENCY", Infinity, 1, 1_000_000, true),
    errorRate: number("ERROR_RATE", 0, 0, 1, false),
    errorStatus: number("ERROR_STATUS", 503, 400, 599, true),
    loadMs: duration("LOAD_TIME", 0),
    drainMs: duration("DRAIN_TIME", 3000),
    pod: env["POD_NAME"] ?? hostname(),
    node: env["NODE_NAME"] ?? "unknown",
    seed: env["SEED"] === undefined ? undefined : number("SEED", 0, 0, 2 ** 32 - 1, true),
  };
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}
