import type { EventEmitter } from "node:events";
import { createServer as http1Server } from "node:http";
import type { IncomingMessage, Server as Http1Server, ServerResponse } from "node:http";
import { createServer as http2Server, Http2ServerResponse } from "node:http2";
import type { Http2Server, Http2ServerRequest, ServerHttp2Session } from "node:http2";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { asksForWebSocket } from "./websocket.ts";

export type Request = IncomingMessage | Http2ServerRequest;

/** What an answer takes of the response of either protocol. */
export interface Response extends EventEmitter {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  write(chunk: string | Uint8Array): boolean;
  end(): unknown;
  end(chunk: string): unknown;
  destroy(): unknown;
}

/** Over HTTP/2, which alone has what gRPC needs. */
export function isOverHttp2(response: Response): response is Http2ServerResponse {
  return response instanceof Http2ServerResponse;
}

/** Who answers what comes in. */
export type Answering = {
  readonly serve: (request: Request, response: Response) => void;
  readonly converse: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

/** Whether an answer went out whole, once it is closed: one of HTTP/2 says that it has finished however it ended. */
export function wentOut(response: Response): boolean {
  if (!isOverHttp2(response)) return response.writableFinished;
  return response.writableEnded && response.stream.writableFinished;
}

/** How a connection of HTTP/2 begins (RFC 9113, 3.4); no method of HTTP/1.1 does. */
const PREFACE = "PRI";

/**
 * One port for HTTP/1.1 and HTTP/2, in clear text, as servers of gRPC have it whose health and metrics are asked for by
 * HTTP/1.1: a connection's first bytes tell which it is.
 */
export class Port {
  readonly #front: Server;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  /** Connections that no request is under way on, but for those of HTTP/2. */
  readonly #idle = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor({ serve, converse }: Answering) {
    this.#http1 = http1Server({ shouldUpgradeCallback: asksForWebSocket }, (request, response) => {
      this.#follow(request.socket, response);
      serve(request, response);
    });
    this.#http1.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#idle.delete(request.socket);
      converse(request, socket, head);
    });
    // Whoever calls decides when a connection has idled enough: closing first races with the caller's next request.
    this.#http1.keepAliveTimeout = 0;
    // A large upload may take as long as it takes.
    this.#http1.requestTimeout = 0;
    this.#http2 = http2Server(serve);
    this.#http2.on("session", (session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      if (!this.#front.listening) session.close();
    });
    this.#front = createServer((socket) => this.#sort(socket));
  }

  /** Listens on every address, and tells the port; 0 lets the system choose. */
  async listen(port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#front.once("error", reject);
    this.#front.listen(port, () => resolve(undefined));
    await promise;
    const address = this.#front.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Takes no more connections, and closes each once nothing is under way on it. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#front.close(() => resolve(undefined));
    for (const socket of this.#idle) socket.end();
    for (const session of this.#sessions) session.close();
    await promise;
  }

  #sort(socket: Socket): void {
    this.#idle.add(socket);
    socket.once("close", () => this.#idle.delete(socket));
    let begun = Buffer.alloc(0);
    const look = (chunk: Buffer) => {
      begun = Buffer.concat([begun, chunk]);
      const text = begun.toString("latin1", 0, PREFACE.length);
      if (begun.length < PREFACE.length && PREFACE.startsWith(text)) return;
      socket.off("data", look);
      socket.pause();
      socket.unshift(begun);
      if (text === PREFACE) {
        this.#idle.delete(socket);
        this.#http2.emit("connection", socket);
      } else {
        this.#http1.emit("connection", socket);
        socket.resume();
      }
    };
    socket.on("data", look);
    // A connection that is lost is closed next, which is all there is to do.
    socket.on("error", () => undefined);
  }

  #follow(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket);
    response.once("close", () => {
      // Once nobody new is let in, what began before has left its connection open; earlier, one that idles may be about to
      // carry the next request.
      if (!this.#front.listening) socket.end();
      else if (!socket.destroyed) this.#idle.add(socket);
    });
  }
}
