import { setTimeout as pause } from "node:timers/promises";
import { EngineError } from "../errors.ts";

/** The official provider's own bound for whatever it waits for. */
export const defaultSeconds = 600;
const [firstPause, longestPause] = [150, 1000];

export interface Wait {
  /** What is waited for, as a person would say it: `Deployment linly/llm to be ready`. */
  readonly what: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Told each new reason for which the wait goes on. */
  readonly onReason?: (reason: string) => void;
}

/** Asks again and again until there is no reason left to wait. Asks at least once; gives the last reason when it gives up. */
export async function until(wait: Wait, reasonToWait: () => Promise<string | undefined>): Promise<void> {
  const deadline = Date.now() + wait.seconds * 1000;
  let told: string | undefined;
  for (let interval = firstPause; ; interval = Math.min(interval * 1.5, longestPause)) {
    const reason = await reasonToWait();
    if (reason === undefined) return;
    if (reason !== told) wait.onReason?.(reason);
    told = reason;
    if (wait.signal.aborted) throw new EngineError(`interrupted while waiting for ${wait.what}: ${reason}`);
    if (Date.now() + interval > deadline) {
      throw new EngineError(`waited ${wait.seconds} s for ${wait.what}: ${reason}`);
    }
    await pause(interval, undefined, { signal: wait.signal }).catch(() => {});
  }
}

/** Seconds of a Go duration such as `10m`, `1h30m` or `90s`; undefined for anything else. */
export function secondsOf(duration: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(duration)) return undefined;
  const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
    .map(([, count, unit]) => Number(count) * (units[unit ?? ""] ?? 0))
    .reduce((total, part) => total + part, 0);
}
