import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError, messageOf } from "./errors.ts";

export interface WaitOptions {
  seconds: number;
  /** Logs whose last lines belong into the error. */
  logs?: string[];
}

/**
 * Waits until `probe` returns `true`. Anything else it returns or throws says why not yet, and ends up in the error
 * when the time is over. A LabError thrown by the probe ends the wait at once: it can't get better.
 */
export async function waitFor(
  what: string,
  { seconds, logs = [] }: WaitOptions,
  probe: () => Promise<true | string>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (let pause = 50; ; pause = Math.min(pause * 1.5, 500)) {
    let reason: string;
    try {
      const result = await probe();
      if (result === true) return;
      reason = result;
    } catch (error) {
      if (error instanceof LabError) throw new LabError(`${what}: ${error.message}${await lastLines(logs)}`);
      reason = messageOf(error);
    }
    if (Date.now() > end) {
      throw new LabError(`${what}: not within ${seconds} s (${reason})${await lastLines(logs)}`);
    }
    await sleep(pause);
  }
}

async function lastLines(logs: readonly string[], count = 8): Promise<string> {
  const tails = logs.map(async (log) => {
    const text = await readFile(log, "utf8").catch(() => "");
    const lines = text.trimEnd().split("\n").slice(-count);
    return `\n  last lines of ${log}:\n${lines.map((line) => `    ${line}`).join("\n")}`;
  });
  return (await Promise.all(tails)).join("");
}

/** Waits for all to end, also when one fails, so that nothing goes on behind the back of whoever cleans up. */
export async function all(promises: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
