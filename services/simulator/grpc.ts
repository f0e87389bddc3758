import { once } from "node:events";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { isRecord, parsed } from "./json.ts";
import type { Request } from "./port.ts";
import { planOf } from "./stream.ts";
import type { StreamEvent, StreamPlan } from "./stream.ts";

/** The server's side of gRPC over HTTP/2, as far as a stage needs it. Its messages are JSON, whatever the method. */

const OK = 0;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** A flag and four bytes of length. */
const PREFIX = 5;
/** What gRPC's own servers take of one message by default. Bytes. */
const LARGEST = 4 * 1024 * 1024;

/** How a call ends. */
export type Status = { readonly code: number; readonly message?: string };

export const ok: Status = { code: OK };

/** A call that can't go on, and how it ends. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly status: Status;

  constructor(code: number, message: string) {
    super(message);
    this.status = { code, message };
  }
}

export function asksForGrpc(request: Request): request is Http2ServerRequest {
  return request.httpVersionMajor === 2 && /^application\/grpc(?:\+|;|$)/.test(request.headers["content-type"] ?? "");
}

/** gRPC's own table (its docs, http-grpc-status-mapping). */
const byHttpStatus: Readonly<Record<number, number>> = {
  200: OK,
  400: INTERNAL,
  401: UNAUTHENTICATED,
  403: PERMISSION_DENIED,
  404: UNIMPLEMENTED,
  429: UNAVAILABLE,
  502: UNAVAILABLE,
  503: UNAVAILABLE,
  504: UNAVAILABLE,
};

/** How a call ends that would have had this HTTP status. */
export function statusOf(httpStatus: number, message: string): Status {
  const code = byHttpStatus[httpStatus] ?? UNKNOWN;
  return code === OK ? ok : { code, message };
}

/**
 * The messages of a call, each once it is whole.
 *
 * @throws CallError for one that is compressed or too large
 */
export async function* messagesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue;
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= PREFIX) {
      if (rest[0] !== 0) throw new CallError(UNIMPLEMENTED, "compressed messages are not taken");
      const length = rest.readUInt32BE(1);
      if (length > LARGEST) throw new CallError(RESOURCE_EXHAUSTED, `${length} bytes are more than ${LARGEST}`);
      if (rest.length < PREFIX + length) break;
      yield rest.subarray(PREFIX, PREFIX + length);
      rest = rest.subarray(PREFIX + length);
    }
  }
}

/** A message as it goes over the wire. */
export function framed(message: string): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(Buffer.byteLength(message), 1);
  return Buffer.concat([prefix, Buffer.from(message)]);
}

/**
 * What a message asks for: `{"events": 20, "interval": "500ms"}` for a stream of so many pieces. Any other message, such as one
 * of a real client's, asks for the answer alone: undefined.
 *
 * @throws CallError for a stream that can't be
 */
export function planIn(message: Buffer): StreamPlan | undefined {
  const asked = parsed(message.toString("utf8"));
  if (!isRecord(asked) || !("events" in asked || "interval" in asked)) return undefined;
  const { events, interval } = asked;
  const { plan, faults } = planOf(...[events, interval].map((value) => (value === undefined ? value : String(value))));
  if (faults.length > 0) throw new CallError(INVALID_ARGUMENT, faults.join("; "));
  return plan;
}

/** Sends one message; resolves once there is room for the next one. */
export async function sendMessage(
  response: Http2ServerResponse,
  told: StreamEvent,
  signal: AbortSignal,
): Promise<void> {
  if (!response.headersSent) response.writeHead(200, { "content-type": "application/grpc" });
  if (!response.write(framed(JSON.stringify(told)))) await once(response, "drain", { signal });
}

/** Ends a call: in the headers where no message has gone before, so that whoever may try again sees it at once. */
export function endCall(response: Http2ServerResponse, { code, message }: Status): void {
  const told = {
    "grpc-status": String(code),
    ...(message !== undefined && { "grpc-message": encodeURIComponent(message) }),
  };
  if (response.headersSent) response.addTrailers(told);
  else {
    // Headers that are written on their own would leave the end of the stream to a frame of data.
    for (const [name, value] of Object.entries({ "content-type": "application/grpc", ...told }))
      response.setHeader(name, value);
  }
  response.end();
}
