import { isRecord, parsed } from "./json.ts";

/** One stage's part in a request. */
export type Visit = {
  readonly stage: string;
  readonly version: string;
  readonly pod: string;
  readonly node: string;
  /** Its own work, without the hops it called. Milliseconds. */
  readonly ms: number;
};

/** The call that made a request fail: the one furthest down the pipeline. */
export type FailedHop = {
  /** The stage that called. */
  readonly from: string;
  readonly name: string;
  /** What was answered, if anything was. */
  readonly status?: number;
  readonly reason: string;
};

/** What a stage answers. */
export type Answer = Visit & {
  /** Method and path of the request as they came to it, without the query. */
  readonly request: string;
  /** Own visit first, then those of the hops, in the order they were called. */
  readonly path: readonly Visit[];
  /** Own work and hops together. Milliseconds. */
  readonly totalMs: number;
  readonly error?: string;
  readonly failedHop?: FailedHop;
};

/** What another stage's answer tells: its path and, where it failed, why. Any other text tells nothing. */
export function toldBy(text: string): { path: Visit[]; failedHop?: FailedHop } {
  const answer = parsed(text);
  if (!isRecord(answer)) return { path: [] };
  const listed: unknown[] = Array.isArray(answer["path"]) ? answer["path"] : [];
  const path = listed.filter(isVisit);
  const failedHop = answer["failedHop"];
  return isFailedHop(failedHop) ? { path, failedHop } : { path };
}

function isVisit(value: unknown): value is Visit {
  return (
    isRecord(value) &&
    typeof value["ms"] === "number" &&
    ["stage", "version", "pod", "node"].every((key) => typeof value[key] === "string")
  );
}

function isFailedHop(value: unknown): value is FailedHop {
  return isRecord(value) && ["from", "name", "reason"].every((key) => typeof value[key] === "string");
}
