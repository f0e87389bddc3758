import { z } from "zod";
import { hostOf } from "../../components/service/workload.ts";
import type { Kubectl, Pod } from "./kubectl.ts";

const answer = z.object({
  requests: z.number().positive(),
  errors: z.literal(0),
  seconds: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
});

/** What is asked for, by GET: a route of every simulated stage that its callers are let in for, and may repeat. */
export const askedFor = "/talk";

/** Where a stage answers to it, as its callers name it. */
export function urlOf(stage: string, port: number, namespace: string): string {
  return `http://${hostOf({ name: stage }, namespace)}:${port}${askedFor}`;
}

/** What one load came to. Microseconds, but for the rate. */
export interface Sent {
  /** With those that each connection sends before the clock runs. */
  readonly requests: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Requests a second that were answered. */
  readonly rate: number;
}

/** How requests are sent. */
export interface Sending {
  readonly connections: number;
  /** Requests a second, or 0 for as many as are answered. */
  readonly rate: number;
  readonly seconds: number;
}

/** Requests that each connection sends before the clock runs; see lab/tools/bench-stage. */
const warmUp = 20;

/**
 * Requests from within a stage of lab/tools/bench-stage.
 *
 * @throws Error when one of them fails
 */
export async function send(
  kubectl: Kubectl,
  client: { readonly pod: Pod; readonly container: string },
  url: string,
  { connections, rate, seconds }: Sending,
): Promise<Sent> {
  const options = ["-url", url, "-c", `${connections}`, "-rate", `${rate}`, "-t", `${seconds}s`];
  const command = ["/usr/local/bin/bench-stage", "load", ...options];
  const done = answer.parse(JSON.parse(await kubectl.exec(client.pod, client.container, command)));
  const { p50, p90, p99 } = done;
  return { requests: done.requests + warmUp * connections, p50, p90, p99, rate: done.requests / done.seconds };
}
