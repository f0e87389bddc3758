import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { durationMs } from "./duration.ts";
import type { Response } from "./port.ts";

/** What a caller wants told piece by piece. */
export type StreamPlan = {
  /** `events` of the query: how many pieces. 20. */
  readonly events: number;
  /** `interval` of the query: silence before each of them. Milliseconds; 500. */
  readonly interval: number;
};

/** The answer that any request gets, then the pieces, each with its number and who tells it, then the end. */
export type StreamEvent =
  | { readonly event: "answer"; readonly data: Answer }
  | {
      readonly event: "piece";
      readonly data: { readonly number: number; readonly pod: string; readonly version: string };
    }
  | { readonly event: "end"; readonly data: { readonly pieces: number } };

const MOST_EVENTS = 1_000_000;

/** Whether a caller asks for Server-Sent Events. */
export function asksForEvents({ accept = "" }: IncomingHttpHeaders): boolean {
  return accept.split(",").some((type) => type.split(";")[0]?.trim().toLowerCase() === "text/event-stream");
}

/** Reads the query of a stream; what it leaves out has a default, and every fault is found. */
export function streamPlan(url: string): { plan: StreamPlan; faults: string[] } {
  const query = new URLSearchParams(/\?(.*)$/s.exec(url)?.[1]);
  return planOf(query.get("events") ?? undefined, query.get("interval") ?? undefined);
}

/** What was written of a stream, as a plan. */
export function planOf(events = "20", interval = "500ms"): { plan: StreamPlan; faults: string[] } {
  const faults: string[] = [];
  const count = Number(events);
  if (!Number.isInteger(count) || count < 0 || count > MOST_EVENTS)
    faults.push(`events "${events}" is no whole number from 0 to ${MOST_EVENTS}`);
  const silence = durationMs(interval);
  if (silence === undefined) faults.push(`interval "${interval}" is no duration; write e.g. "80ms", "1.2s" or "2m"`);
  return { plan: { events: count, interval: silence ?? 0 }, faults };
}

/** The events of a stream, each when its time has come; throws once the caller has gone. */
export async function* eventsOf(plan: StreamPlan, answer: Answer, signal: AbortSignal): AsyncGenerator<StreamEvent> {
  const { pod, version } = answer;
  yield { event: "answer", data: answer };
  for (let number = 1; number <= plan.events; number += 1) {
    await wait(plan.interval, undefined, { signal });
    yield { event: "piece", data: { number, pod, version } };
  }
  yield { event: "end", data: { pieces: plan.events } };
}

/** Answers with Server-Sent Events. */
export async function sendEvents(
  response: Response,
  events: AsyncIterable<StreamEvent>,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for await (const { event, data } of events) {
    const taken = response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (!taken) await once(response, "drain", { signal });
  }
  response.end();
}
