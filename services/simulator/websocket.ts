import { createHash } from "node:crypto";
import { once } from "node:events";
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** The server's side of RFC 6455, as far as a stage needs it: it tells texts, answers pings, and passes over what it is told. */

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const TEXT = 0x1;

const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;

/** Whether a request asks for its connection to become a WebSocket. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** What keeps a request from becoming a WebSocket. */
export function handshakeFaults({ method, headers }: IncomingMessage): string[] {
  const { "sec-websocket-key": key = "", "sec-websocket-version": version } = headers;
  return [
    ...(method === "GET" ? [] : [`the method is ${method}, not GET`]),
    ...(/^[A-Za-z0-9+/]{22}==$/.test(key) ? [] : [`sec-websocket-key "${key}" is no 16 bytes in base64`]),
    ...(version === "13" ? [] : [`sec-websocket-version is ${version ?? "not told"}, not 13`]),
  ];
}

/** What the server answers to a client's key. */
export function acceptKey(key: string): string {
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

/** Answers in plain HTTP instead of becoming a WebSocket. */
export function refuse(socket: Duplex, status: number, body: string): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  // Unread, it would never learn that the client has ended too.
  socket.resume();
}

/** A connection that has become a WebSocket. */
export class WebSocketConnection {
  readonly #socket: Duplex;
  readonly #frames = new FrameReader();
  /** Called when the client closes, in words or by breaking its rules; not when the connection is lost. */
  readonly #onClose: () => void;
  #closing = false;

  /** @param head what came after the request already */
  constructor({ headers }: IncomingMessage, socket: Duplex, head: Buffer, onClose: () => void) {
    this.#socket = socket;
    this.#onClose = onClose;
    const accept = acceptKey(headers["sec-websocket-key"] ?? "");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.once("end", () => socket.end());
    if (head.length > 0) this.#read(head);
  }

  /** Sends a text; waits while the client takes nothing. */
  async send(text: string, signal: AbortSignal): Promise<void> {
    const taken = this.#socket.write(frame(TEXT, Buffer.from(text)));
    if (!taken) await once(this.#socket, "drain", { signal });
  }

  close(code = NORMAL): void {
    if (this.#closing) return;
    this.#closing = true;
    const status = Buffer.alloc(2);
    status.writeUInt16BE(code);
    this.#socket.end(frame(CLOSE, status));
  }

  #read(chunk: Buffer): void {
    for (const told of this.#frames.read(chunk)) {
      if (told === "broken") this.#end(PROTOCOL_ERROR);
      else if (told.opcode === PING && !this.#closing) this.#socket.write(frame(PONG, told.payload));
      else if (told.opcode === CLOSE) this.#end(NORMAL);
    }
  }

  #end(code: number): void {
    this.close(code);
    this.#onClose();
  }
}

/** A whole message of the server's, which goes unmasked. */
export function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

export type ControlFrame = { readonly opcode: number; readonly payload: Buffer };

/** Finds control frames in what a client sends. Of data, however much, nothing is kept. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  /** Bytes of a data frame that are still to come. */
  #passOver = 0;

  /** What a chunk completes; "broken" where a client masks nothing or sends a control frame too long. */
  read(chunk: Buffer): (ControlFrame | "broken")[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const found: (ControlFrame | "broken")[] = [];
    for (;;) {
      const passed = Math.min(this.#passOver, this.#rest.length);
      this.#passOver -= passed;
      this.#rest = this.#rest.subarray(passed);
      const next = this.#next();
      if (next === undefined) return found;
      if (next !== "data") found.push(next);
      if (next === "broken") return found;
    }
  }

  /** Takes one frame, or a data frame's head, off the rest; undefined where that is not whole yet. */
  #next(): ControlFrame | "data" | "broken" | undefined {
    const rest = this.#rest;
    const [first = 0, second = 0] = rest;
    if (rest.length < 2) return undefined;
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    const isControl = opcode >= CLOSE;
    if ((second & 0x80) === 0 || (isControl && short > 125)) {
      this.#rest = Buffer.alloc(0);
      return "broken";
    }
    const maskAt = short < 126 ? 2 : short === 126 ? 4 : 10;
    const begin = maskAt + 4;
    if (rest.length < begin) return undefined;
    if (!isControl) {
      this.#passOver = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
      this.#rest = rest.subarray(begin);
      return "data";
    }
    if (rest.length < begin + short) return undefined;
    const mask = rest.subarray(maskAt, begin);
    const payload = Buffer.from(rest.subarray(begin, begin + short).map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
    this.#rest = rest.subarray(begin + short);
    return { opcode, payload };
  }
}
