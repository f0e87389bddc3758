import { Agent, request } from "node:http";
import { toldBy } from "./answer.ts";
import type { FailedHop, Visit } from "./answer.ts";
import { GrpcCaller } from "./grpc-caller.ts";
import type { Hop } from "./hop.ts";
import { childHeaders } from "./trace.ts";
import type { TraceContext } from "./trace.ts";

/** How a call to a hop went. */
export type Called = { readonly path: readonly Visit[]; readonly failedHop?: FailedHop };

/** How much of an answer is read for its path; the rest, say a video, is passed over. */
const READ_BYTES = 256 * 1024;

/** Calls next hops over kept connections. */
export class Caller {
  readonly #stage: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #grpc = new GrpcCaller();

  constructor(stage: string) {
    this.#stage = stage;
  }

  /** Calls one hop; a failure is an answer too. A hop that is no simulator is told by its name and time alone. */
  async call(hop: Hop, method: string, trace: TraceContext, signal: AbortSignal): Promise<Called> {
    const begun = performance.now();
    const failed = (reason: string, status?: number): FailedHop =>
      status === undefined
        ? { from: this.#stage, name: hop.name, reason }
        : { from: this.#stage, name: hop.name, status, reason };
    try {
      const { status, text } =
        hop.protocol === "grpc"
          ? await this.#grpc.call(hop.url, childHeaders(trace), signal)
          : await this.#send(hop, hop.method ?? method, trace, signal);
      const { path, failedHop } = toldBy(text);
      if (status < 200 || status > 299)
        return { path, failedHop: failedHop ?? failed(`${hop.url} answered ${status}`, status) };
      return { path: path.length > 0 ? path : [foreign(hop, performance.now() - begun)] };
    } catch (error) {
      return { path: [], failedHop: failed(error instanceof Error ? error.message : String(error)) };
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#grpc.close();
  }

  #send(hop: Hop, method: string, trace: TraceContext, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const call = request(hop.url, { method, agent: this.#agent, headers: childHeaders(trace), signal }, (response) => {
      const chunks: Buffer[] = [];
      let kept = 0;
      response.on("data", (chunk: Buffer) => {
        if (kept < READ_BYTES) chunks.push(chunk);
        kept += chunk.length;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end();
    return promise;
  }
}

function foreign({ name }: Hop, ms: number): Visit {
  return { stage: name, version: "unknown", pod: "unknown", node: "unknown", ms: Math.round(ms * 10) / 10 };
}
