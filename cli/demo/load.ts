import { Agent, request } from "node:http";
import { setTimeout as breath } from "node:timers/promises";
import { z } from "zod";

/** One stage's entry in an answer: which version and pod worked, for how long. */
const visit = z.object({
  stage: z.string(),
  version: z.string(),
  pod: z.string(),
  node: z.string(),
  ms: z.number(),
});
const answer = z.object({ path: z.array(visit) });

export type Visit = z.output<typeof visit>;

/** What came of one request: the path it took, or why it failed. */
export interface Result {
  readonly ms: number;
  readonly path: readonly Visit[];
  readonly failure: string | undefined;
  /** Cookies that the answer sets, as it writes them. */
  readonly cookies: readonly string[];
}

export interface Target {
  /** `http://address:port/path` of the ingress gateway. */
  readonly url: string;
  readonly concurrency: number;
  /** Milliseconds after which a request counts as failed. */
  readonly timeout: number;
  /** Milliseconds that each of those waits between an answer and its next request; none unless it says otherwise. */
  readonly pause?: number;
  /** `POST` unless it says otherwise. */
  readonly method?: "GET" | "POST";
  /** Body of each request. */
  readonly body?: Buffer;
  /** Headers of each request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends requests, `concurrency` at a time, until `until` says that it is enough.
 *
 * @param until is asked before each request, with the number already sent
 */
export async function load(target: Target, until: (sent: number) => boolean): Promise<Result[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: target.concurrency });
  const results: Result[] = [];
  let sent = 0;
  const worker = async () => {
    while (!until(sent)) {
      sent += 1;
      results.push(await send(target, agent));
      if (target.pause !== undefined) await breath(target.pause);
    }
  };
  try {
    await Promise.all(Array.from({ length: target.concurrency }, worker));
  } finally {
    agent.destroy();
  }
  return results;
}

/** Sends one request. */
export function send(
  { url, timeout, method = "POST", body, headers = {} }: Omit<Target, "concurrency" | "pause">,
  agent: Agent,
): Promise<Result> {
  const start = performance.now();
  return new Promise((resolve) => {
    let cookies: readonly string[] = [];
    const end = (path: readonly Visit[], failure?: string) =>
      resolve({ ms: performance.now() - start, path, failure, cookies });
    const options = { method, agent, headers, signal: AbortSignal.timeout(timeout) };
    const outgoing = request(url, options, (response) => {
      cookies = response.headers["set-cookie"] ?? [];
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error) => end([], error.message));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode !== 200) return end([], `${response.statusCode} ${text.slice(0, 1000)}`);
        const parsed = readAnswer(text);
        return parsed === undefined ? end([], `not an answer: ${text.slice(0, 200)}`) : end(parsed);
      });
    });
    outgoing.on("error", (error) => end([], error.message));
    outgoing.end(body);
  });
}

function readAnswer(text: string): readonly Visit[] | undefined {
  try {
    return answer.parse(JSON.parse(text)).path;
  } catch {
    return undefined;
  }
}

/** Why those failed that did. */
export function failuresOf(results: readonly Result[]): string[] {
  return results.flatMap(({ failure }) => failure ?? []);
}

/** The visits that the answers tell of, for one stage. */
export function visitsOf(results: readonly Result[], stage: string): Visit[] {
  return results.flatMap(({ path }) => path.filter((entry) => entry.stage === stage));
}

/** How many of the visits each version had. */
export function countVersions(visits: readonly Visit[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { version } of visits) counts.set(version, (counts.get(version) ?? 0) + 1);
  return counts;
}
