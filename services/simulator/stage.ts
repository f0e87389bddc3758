import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer, FailedHop, Visit } from "./answer.ts";
import { changedBehaviour } from "./behaviour.ts";
import type { Behaviour } from "./behaviour.ts";
import { Caller } from "./caller.ts";
import { sampleLatency } from "./latency.ts";
import { Metrics } from "./metrics.ts";
import { Places } from "./places.ts";
import { seeded } from "./random.ts";
import type { Random } from "./random.ts";
import type { Settings } from "./settings.ts";
import { traceContext } from "./trace.ts";

/** A pipeline stage that behaves as its settings tell. */
export class Stage {
  readonly #settings: Settings;
  readonly #random: Random;
  readonly #metrics: Metrics;
  readonly #caller: Caller;
  readonly #places: Places;
  readonly #server: Server;
  readonly #loadedAt: number;
  #behaviour: Behaviour;
  #draining = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#behaviour = settings;
    this.#random = settings.seed === undefined ? Math.random : seeded(settings.seed);
    this.#metrics = new Metrics(settings.stage, settings.version);
    this.#caller = new Caller(settings.stage);
    this.#places = new Places(settings.concurrency);
    this.#loadedAt = performance.now() + settings.loadMs;
    this.#server = createServer((request, response) => this.#serve(request, response));
    // Whoever calls decides when a connection has idled enough: closing first races with the caller's next request.
    this.#server.keepAliveTimeout = 0;
    // A large upload may take as long as it takes.
    this.#server.requestTimeout = 0;
  }

  /** Listens on every address, and tells the port. */
  async listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#server.once("error", reject);
    this.#server.listen(this.#settings.port, () => resolve(undefined));
    await promise;
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : this.#settings.port;
  }

  /** No longer ready; takes what still comes for a while, then finishes what it has begun. */
  async drain(): Promise<void> {
    this.#draining = true;
    await wait(this.#settings.drainMs);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => resolve(undefined));
    await promise;
    this.#caller.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#draining) response.setHeader("connection", "close");
    const path = (request.url ?? "/").replace(/\?.*$/s, "");
    if (path === "/healthz") sendText(request, response, 200, "ok\n");
    else if (path === "/readyz") this.#sendReadiness(request, response);
    else if (path === "/metrics") sendText(request, response, 200, this.#metrics.text());
    else if (path === "/behaviour" && isLocal(request)) void this.#change(request, response);
    else void this.#work(request, response, path);
  }

  /** Takes a new behaviour, from inside the pod alone. */
  async #change(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
      const { behaviour, faults } = changedBehaviour(this.#behaviour, text);
      this.#behaviour = behaviour;
      const [status, answer] = faults.length > 0 ? [400, { faults }] : [200, behaviour];
      response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(answer)}\n`);
    } catch {
      response.destroy();
    }
  }

  #sendReadiness(request: IncomingMessage, response: ServerResponse): void {
    if (this.#draining) sendText(request, response, 503, "draining\n");
    else if (!this.#loaded) sendText(request, response, 503, "loading\n");
    else sendText(request, response, 200, "ready\n");
  }

  get #loaded(): boolean {
    return performance.now() >= this.#loadedAt;
  }

  async #work(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const begun = performance.now();
    const method = request.method ?? "GET";
    const gone = new AbortController();
    this.#metrics.begin();
    response.once("close", () => {
      // 499 is what Envoy's and nginx' users know for a caller that left before its answer.
      const code = response.writableFinished ? response.statusCode : 499;
      this.#metrics.end(path, method, code, (performance.now() - begun) / 1000);
      gone.abort(new Error("the caller has gone"));
    });
    if (this.#behaviour.stalled === true) return;
    try {
      await this.#consume(request);
      const { status, answer } = await this.#answer(request, method, begun, gone.signal);
      if (this.#draining) response.setHeader("connection", "close");
      response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(answer)}\n`);
    } catch {
      response.destroy();
    }
  }

  /** Reads a body of any size to its end and keeps nothing of it. */
  async #consume(request: IncomingMessage): Promise<void> {
    for await (const chunk of request) if (chunk instanceof Uint8Array) this.#metrics.received(chunk.length);
  }

  async #answer(
    request: IncomingMessage,
    method: string,
    begun: number,
    signal: AbortSignal,
  ): Promise<{ status: number; answer: Answer }> {
    const { hops } = this.#settings;
    const { errorRate, errorStatus, latency } = this.#behaviour;
    if (!this.#loaded) return { status: 503, answer: this.#tell(begun, begun, { error: "loading" }) };

    const fails = this.#random() < errorRate;
    await this.#places.during(signal, () => wait(sampleLatency(latency, this.#random), undefined, { signal }));
    const worked = performance.now();
    if (fails) {
      const error = "failed as it was told to";
      if (errorStatus === "reset") throw new Error(error);
      return { status: errorStatus, answer: this.#tell(begun, worked, { error }) };
    }

    const trace = traceContext(request.headers);
    const visits: Visit[] = [];
    for (const hop of hops) {
      const called = await this.#caller.call(hop, method === "HEAD" ? "GET" : method, trace, signal);
      signal.throwIfAborted();
      visits.push(...called.path);
      if (called.failedHop !== undefined) {
        this.#metrics.hopFailed(hop.name);
        const { failedHop } = called;
        const error = `the call from ${failedHop.from} to ${failedHop.name} failed: ${failedHop.reason}`;
        return { status: 502, answer: this.#tell(begun, worked, { error, failedHop }, visits) };
      }
    }
    return { status: 200, answer: this.#tell(begun, worked, {}, visits) };
  }

  #tell(
    begun: number,
    worked: number,
    failure: { error?: string; failedHop?: FailedHop },
    visits: readonly Visit[] = [],
  ): Answer {
    const { stage, version, pod, node } = this.#settings;
    const own = { stage, version, pod, node, ms: tenths(worked - begun) };
    return { ...own, path: [own, ...visits], totalMs: tenths(performance.now() - begun), ...failure };
  }
}

/** From the loopback interface; what comes through a sidecar comes from 127.0.0.6. */
function isLocal({ socket }: IncomingMessage): boolean {
  return ["127.0.0.1", "::ffff:127.0.0.1", "::1"].includes(socket.remoteAddress ?? "");
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  request.resume();
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
