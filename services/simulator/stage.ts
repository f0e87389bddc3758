import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer, Visit } from "./answer.ts";
import { changedBehaviour } from "./behaviour.ts";
import type { Behaviour } from "./behaviour.ts";
import { Caller } from "./caller.ts";
import { asksForGrpc, CallError, endCall, messagesOf, ok, planIn, sendMessage, statusOf } from "./grpc.ts";
import { sampleLatency } from "./latency.ts";
import { Metrics } from "./metrics.ts";
import { Places } from "./places.ts";
import { isOverHttp2, Port, wentOut } from "./port.ts";
import type { Request, Response } from "./port.ts";
import { seeded } from "./random.ts";
import type { Random } from "./random.ts";
import type { Settings } from "./settings.ts";
import { asksForEvents, eventsOf, sendEvents, streamPlan } from "./stream.ts";
import { traceContext } from "./trace.ts";
import { handshakeFaults, refuse, WebSocketConnection } from "./websocket.ts";

type Failure = Pick<Answer, "error" | "failedHop">;

/** A pipeline stage that behaves as its settings tell. */
export class Stage {
  readonly #settings: Settings;
  readonly #random: Random;
  readonly #metrics: Metrics;
  readonly #caller: Caller;
  readonly #places: Places;
  readonly #port: Port;
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
    this.#port = new Port({
      serve: (request, response) => this.#serve(request, response),
      converse: (request, socket, head) => void this.#converse(request, socket, head),
    });
  }

  /** Listens on every address, and tells the port. */
  listen(): Promise<number> {
    return this.#port.listen(this.#settings.port);
  }

  /** No longer ready; takes what still comes for a while, then finishes what it has begun. */
  async drain(): Promise<void> {
    this.#draining = true;
    await wait(this.#settings.drainMs);
    await this.#port.close();
    this.#caller.close();
  }

  #serve(request: Request, response: Response): void {
    this.#sayWhetherLast(request, response);
    const path = pathOf(request);
    if (path === "/healthz") sendText(request, response, 200, "ok\n");
    else if (path === "/readyz") this.#sendReadiness(request, response);
    else if (path === "/metrics") sendText(request, response, 200, this.#metrics.text());
    else if (path === "/behaviour" && isLocal(request)) void this.#change(request, response);
    else void this.#work(request, response, path);
  }

  /** HTTP/2 has another word for it, which the port says once. */
  #sayWhetherLast({ httpVersionMajor }: Request, response: Response): void {
    if (this.#draining && httpVersionMajor === 1) response.setHeader("connection", "close");
  }

  /** Takes a new behaviour, from inside the pod alone. */
  async #change(request: Request, response: Response): Promise<void> {
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

  #sendReadiness(request: Request, response: Response): void {
    if (this.#draining) sendText(request, response, 503, "draining\n");
    else if (!this.#loaded) sendText(request, response, 503, "loading\n");
    else sendText(request, response, 200, "ready\n");
  }

  get #loaded(): boolean {
    return performance.now() >= this.#loadedAt;
  }

  async #work(request: Request, response: Response, path: string): Promise<void> {
    const begun = performance.now();
    const method = request.method ?? "GET";
    const gone = new AbortController();
    this.#metrics.begin();
    let told: number | undefined;
    response.once("close", () => {
      // 499 is what Envoy's and nginx' users know for a caller that left before its answer.
      const code = wentOut(response) ? (told ?? response.statusCode) : 499;
      this.#metrics.end(path, method, code, (performance.now() - begun) / 1000);
      gone.abort(new Error("the caller has gone"));
    });
    if (this.#behaviour.stalled === true) return;
    try {
      if (asksForGrpc(request) && isOverHttp2(response)) {
        told = await this.#talk(request, response, gone.signal);
        return;
      }
      await this.#consume(request);
      const streams = method !== "HEAD" && asksForEvents(request.headers);
      const { plan, faults } = streamPlan(request.url ?? "/");
      if (streams && faults.length > 0) return sendJson(response, 400, { faults });
      const { status, answer } = await this.#answer(request, method, begun, gone.signal);
      this.#sayWhetherLast(request, response);
      if (!streams || status !== 200) return sendJson(response, status, answer);
      await sendEvents(response, eventsOf(plan, answer, gone.signal), gone.signal);
    } catch {
      response.destroy();
    }
  }

  /** Works for each message as for any request, and tells its events as messages. Returns what HTTP's status would be. */
  async #talk(request: Http2ServerRequest, response: Http2ServerResponse, signal: AbortSignal): Promise<number> {
    try {
      for await (const message of messagesOf(this.#counted(request))) {
        const plan = planIn(message);
        const { status, answer } = await this.#answer(request, request.method, performance.now(), signal);
        if (status !== 200) {
          endCall(response, statusOf(status, answer.error ?? `status ${status}`));
          return status;
        }
        if (plan === undefined) await sendMessage(response, { event: "answer", data: answer }, signal);
        else for await (const told of eventsOf(plan, answer, signal)) await sendMessage(response, told, signal);
      }
      endCall(response, ok);
      return 200;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      endCall(response, error.status);
      return 400;
    } finally {
      // What is left unread of it would keep the call from ending.
      request.resume();
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
  async #consume(request: Request): Promise<void> {
    for await (const _ of this.#counted(request));
  }

  async *#counted(request: Request): AsyncGenerator<Uint8Array> {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) continue;
      this.#metrics.received(chunk.length);
      yield chunk;
    }
  }

  async #answer(
    request: Request,
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
function isLocal({ socket }: Request): boolean {
  return ["127.0.0.1", "::ffff:127.0.0.1", "::1"].includes(socket.remoteAddress ?? "");
}

function pathOf({ url = "/" }: Request): string {
  return url.replace(/\?.*$/s, "");
}

function sendJson(response: Response, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

function sendText(request: Request, response: Response, status: number, text: string): void {
  request.resume();
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  response.end(text);
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
