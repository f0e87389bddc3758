import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer, Visit } from "./answer.ts";
import { changedBehaviour } from "./behaviour.ts";
import type { Behaviour } from "./behaviour.ts";
import { Caller } from "./caller.ts";
import { sampleLatency } from "./latency.ts";
import { Metrics } from "./metrics.ts";
import { Places } from "./places.ts";
import { seeded } from "./random.ts";
import type { Random } from "./random.ts";
import type { Settings } from "./settings.ts";
import { asksForEvents, eventsOf, sendEvents, streamPlan } from "./stream.ts";
import { traceContext } from "./trace.ts";
import { asksForWebSocket, handshakeFaults, refuse, WebSocketConnection } from "./websocket.ts";

type Failure = Pick<Answer, "error" | "failedHop">;

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
    this.#server = createServer({ shouldUpgradeCallback: asksForWebSocket }, (request, response) =>
      this.#serve(request, response),
    );
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#converse(request, socket, head);
    });
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
    const path = pathOf(request);
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
      sendJson(response, status, answer);
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
      // Once nobody new is let in, a stream that began before has left its connection open; earlier, one that idles may
      // be about to carry the next request.
      if (!this.#server.listening) setImmediate(() => this.#server.closeIdleConnections());
      this.#metrics.end(path, method, code, (performance.now() - begun) / 1000);
      gone.abort(new Error("the caller has gone"));
    });
    if (this.#behaviour.stalled === true) return;
    try {
      await this.#consume(request);
      const streams = method !== "HEAD" && asksForEvents(request.headers);
      const { plan, faults } = streamPlan(request.url ?? "/");
      if (streams && faults.length > 0) return sendJson(response, 400, { faults });
      const { status, answer } = await this.#answer(request, method, begun, gone.signal);
      if (this.#draining) response.setHeader("connection", "close");
      if (!streams || status !== 200) return sendJson(response, status, answer);
      await sendEvents(response, eventsOf(plan, answer, gone.signal), gone.signal);
    } catch {
      response.destroy();
    }
  }

  /** Works as for any request, and then tells its events over a WebSocket. */
  async #converse(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const begun = performance.now();
    const { method = "GET" } = request;
    const gone = new AbortController();
    let code = 499;
    this.#metrics.begin();
    socket.once("close", () => {
      this.#metrics.end(pathOf(request), method, code, (performance.now() - begun) / 1000);
      gone.abort(new Error("the caller has gone"));
    });
    // A connection that is lost is closed next, which is all there is to do.
    socket.on("error", () => undefined);
    const refused = (status: number, body: unknown) => {
      code = status;
      refuse(socket, status, `${JSON.stringify(body)}\n`);
    };
    const { plan, faults } = streamPlan(request.url ?? "/");
    const wrong = [...handshakeFaults(request), ...faults];
    if (wrong.length > 0) return refused(400, { faults: wrong });
    try {
      const { status, answer } = await this.#answer(request, method, begun, gone.signal);
      if (status !== 200) return refused(status, answer);
      const connection = new WebSocketConnection(request, socket, head, () => {
        code = 101;
        gone.abort(new Error("the caller has closed"));
      });
      for await (const told of eventsOf(plan, answer, gone.signal))
        await connection.send(JSON.stringify(told), gone.signal);
      code = 101;
      connection.close();
    } catch {
      // Gone, whether it said so or not; a close that is under way still ends.
      if (code === 499) socket.destroy();
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
    const asked = `${method} ${pathOf(request)}`;
    const tell = (worked: number, failure: Failure, visits: readonly Visit[] = []) =>
      this.#tell(asked, begun, worked, failure, visits);
    if (!this.#loaded) return { status: 503, answer: tell(begun, { error: "loading" }) };

    const fails = this.#random() < errorRate;
    await this.#places.during(signal, () => wait(sampleLatency(latency, this.#random), undefined, { signal }));
    const worked = performance.now();
    if (fails) {
      const error = "failed as it was told to";
      if (errorStatus === "reset") throw new Error(error);
      return { status: errorStatus, answer: tell(worked, { error }) };
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
        return { status: 502, answer: tell(worked, { error, failedHop }, visits) };
      }
    }
    return { status: 200, answer: tell(worked, {}, visits) };
  }

  #tell(asked: string, begun: number, worked: number, failure: Failure, visits: readonly Visit[]): Answer {
    const { stage, version, pod, node } = this.#settings;
    const own = { stage, version, pod, node, ms: tenths(worked - begun) };
    return { ...own, request: asked, path: [own, ...visits], totalMs: tenths(performance.now() - begun), ...failure };
  }
}

/** From the loopback interface; what comes through a sidecar comes from 127.0.0.6. */
function isLocal({ socket }: IncomingMessage): boolean {
  return ["127.0.0.1", "::ffff:127.0.0.1", "::1"].includes(socket.remoteAddress ?? "");
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.replace(/\?.*$/s, "");
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  request.resume();
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
