import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { framed, messagesOf } from "./grpc.ts";
import { isRecord, parsed } from "./json.ts";

/** Calls methods of gRPC, all of a host over one connection. */
export class GrpcCaller {
  readonly #sessions = new Map<string, ClientHttp2Session>();

  /** One call with an empty message. What it told comes as text, with the status that HTTP would have. */
  async call(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    const { origin, pathname } = new URL(url);
    const call = this.#session(origin).request(
      { ":method": "POST", ":path": pathname, "content-type": "application/grpc", te: "trailers", ...headers },
      { signal },
    );
    call.end(framed("{}"));
    const ended = endOf(call);
    const [text, { status, code, message }] = await Promise.all([firstMessage(call), ended]);
    if (code === "0") return { status: 200, text };
    if (code === undefined) return { status, text };
    return { status: code === "14" ? 503 : 500, text: message };
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
  }

  #session(origin: string): ClientHttp2Session {
    const kept = this.#sessions.get(origin);
    if (kept !== undefined && !kept.closed && !kept.destroyed) return kept;
    const session = connect(origin);
    const forget = () => {
      if (this.#sessions.get(origin) === session) this.#sessions.delete(origin);
    };
    // Each call on it fails by itself with what is told here.
    session.on("error", forget);
    session.once("goaway", forget);
    session.once("close", forget);
    this.#sessions.set(origin, session);
    return session;
  }
}

type End = { readonly status: number; readonly code: string | undefined; readonly message: string };

/** How a call ends: in its trailers, or in its headers where there is nothing between. */
function endOf(call: ClientHttp2Stream): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  let last: IncomingHttpHeaders = {};
  let status = 0;
  call.on("response", (headers) => {
    status = headers[":status"] ?? 0;
    last = headers;
  });
  call.on("trailers", (trailers) => {
    last = trailers;
  });
  call.on("error", reject);
  call.on("close", () => {
    const [code, message] = ["grpc-status", "grpc-message"].map((name) => [last[name]].flat()[0]);
    resolve({ status, code, message: message === undefined ? "" : decodeURIComponent(message) });
  });
  return promise;
}

/** What the first message tells; the rest is passed over. */
async function firstMessage(call: ClientHttp2Stream): Promise<string> {
  let text: string | undefined;
  for await (const message of messagesOf(call)) text ??= toldIn(message.toString("utf8"));
  return text ?? "";
}

/** The answer in a simulator's message; any other message as it is. */
function toldIn(text: string): string {
  const told = parsed(text);
  return isRecord(told) && told["event"] === "answer" ? JSON.stringify(told["data"]) : text;
}
