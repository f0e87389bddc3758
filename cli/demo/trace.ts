import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

/** What one stage did of a request, as the trace store tells it. */
export interface StageSpan {
  /** Name of the stage's Service. */
  readonly stage: string;
  /** From the request's arrival at the stage's sidecar to its answer. Milliseconds. */
  readonly total: number;
  /** Of that, what the stages behind it did not take. Milliseconds. */
  readonly own: number;
}

const span = z.object({
  startTime: z.number(),
  duration: z.number(),
  processID: z.string(),
  tags: z.array(z.object({ key: z.string(), value: z.unknown() })),
});
const trace = z.object({
  traceID: z.string(),
  spans: z.array(span),
  processes: z.record(z.string(), z.object({ serviceName: z.string() })),
});
const answer = z.object({ data: z.array(trace) });

export type Trace = z.output<typeof trace>;

/**
 * The stages of a trace in the order in which the request came to them; undefined when one of `stages` is not in it. Each
 * stage's sidecar tells of the request once as the server's side.
 */
export function stageSpans({ spans, processes }: Trace, stages: readonly string[]): StageSpan[] | undefined {
  const served = stages.flatMap((stage) => {
    const own = spans.filter(
      ({ processID, tags }) =>
        processes[processID]?.serviceName.split(".")[0] === stage &&
        tags.some(({ key, value }) => key === "upstream_cluster" && String(value).startsWith("inbound")),
    );
    const [first] = own.sort((left, right) => left.startTime - right.startTime);
    return first === undefined ? [] : [{ stage, start: first.startTime, total: first.duration / 1000 }];
  });
  if (served.length < stages.length) return undefined;
  const ordered = served.sort((left, right) => left.start - right.start);
  return ordered.map(({ stage, start, total }, index) => {
    const end = start + total * 1000;
    const next = ordered[index + 1];
    const inside = next !== undefined && next.start < end ? next.total : 0;
    return { stage, total, own: total - inside };
  });
}

/** How often the store is asked for a trace before it is given up. Spans are sent in batches. */
const attempts = 60;

/**
 * Waits for a trace that passed all of `stages`.
 *
 * @param jaeger `http://address:16686`
 * @throws Error when none comes
 */
export async function traceOf(
  jaeger: string,
  stages: readonly string[],
  namespace: string,
): Promise<{ id: string; spans: StageSpan[] }> {
  const [entry = ""] = stages;
  const url = `${jaeger}/api/traces?limit=20&service=${entry}.${namespace}`;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const { data } = answer.parse(await response.json());
    for (const found of data) {
      const spans = stageSpans(found, stages);
      if (spans !== undefined) return { id: found.traceID, spans };
    }
    await pause(500);
  }
  throw new Error(`Jaeger at ${jaeger} has no trace of ${stages.join(", ")}`);
}
