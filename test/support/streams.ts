import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { z } from "zod";
import type { GrpcClient } from "./grpc.ts";

const told = z.union([
  z.object({ event: z.literal("answer") }),
  z.object({
    event: z.literal("piece"),
    data: z.object({ number: z.number(), pod: z.string(), version: z.string() }),
  }),
  z.object({ event: z.literal("end") }),
]);

type Told = z.output<typeof told>;
export type Piece = Extract<Told, { event: "piece" }>["data"];

/** A stream of a simulated stage, as its client sees it. */
export class Stream {
  /** All that came so far. */
  readonly pieces: Piece[] = [];
  /** How it ended: `end` as the stage ends one, `closed` by the client, or `cut` with what is known of it. */
  readonly ended: Promise<string>;
  /** Closes it, from the client's side. */
  readonly close: () => void;
  #outcome: string | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(
    listen: (take: (event: Told) => void, end: (outcome: string) => void) => void,
    leave: () => void,
  ) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    const end = (outcome: string) => {
      this.#outcome ??= outcome;
      resolve(this.#outcome);
      this.#wake();
    };
    this.close = () => {
      end("closed");
      leave();
    };
    listen((event) => {
      if (event.event === "piece") this.pieces.push(event.data);
      if (event.event === "end") end("end");
      this.#wake();
    }, end);
  }

  /** Server-Sent Events, once they begin; an answer that is none is an error with its status. */
  static async events(url: string, method = "GET"): Promise<Stream> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const call = request(url, { method, agent: false, headers: { accept: "text/event-stream" } }, resolve);
    call.on("error", reject);
    call.end();
    const response = (await promise).setEncoding("utf8");
    if (response.statusCode !== 200) {
      throw new Error(`${response.statusCode} ${(await text(response)).trim()}`);
    }
    return new Stream(
      (take, end) => {
        let rest = "";
        response.on("data", (chunk: string) => {
          const blocks = `${rest}${chunk}`.split("\n\n");
          rest = blocks.pop() ?? "";
          for (const block of blocks) take(eventIn(block));
        });
        response.on("error", (error) => end(`cut: ${error.message}`));
        response.on("close", () => end("cut: closed before its end"));
      },
      () => call.destroy(),
    );
  }

  /** A WebSocket, once it is open; an answer that opens none is an error with its status. */
  static async socket(url: string): Promise<Stream> {
    const socket = new WebSocket(url, { agent: false });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const stream = new Stream(
      (take, end) => {
        socket.on("message", (data) => take(told.parse(JSON.parse(String(data)))));
        socket.on("unexpected-response", (_, response) => {
          text(response).then((told) => reject(new Error(`${response.statusCode} ${told.trim()}`)), reject);
        });
        socket.on("error", (error) => {
          end(`cut: ${error.message}`);
          reject(error);
        });
        socket.on("close", (code, reason) => end(`cut: ${code} ${String(reason)}`));
      },
      () => socket.close(),
    );
    socket.on("open", () => resolve(undefined));
    await promise;
    return stream;
  }

  /** A call of gRPC whose answer is a stream, once that begins. */
  static async call(client: GrpcClient, plan: { readonly events: number; readonly interval: string }): Promise<Stream> {
    const call = await client.stream(plan);
    return new Stream(
      (take, end) => {
        call.on("data", (message: unknown) => take(told.parse(message)));
        call.on("error", (error) => end(`cut: ${error.message}`));
        call.on("end", () => end("cut: closed before its end"));
      },
      () => call.cancel(),
    );
  }

  /** The next so many pieces from now on; an error when the stream ends before. */
  async next(count: number): Promise<Piece[]> {
    const from = this.pieces.length;
    while (this.pieces.length < from + count) {
      if (this.#outcome !== undefined) throw new Error(`the stream has ended: ${this.#outcome}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    return this.pieces.slice(from, from + count);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

/** Of how many replicas and which versions pieces are; those with a gap between are no stream. */
export function whole(pieces: readonly Piece[]): { pods: number; versions: string[] } {
  const gap = pieces.find(({ number }, index) => number !== index + 1);
  if (gap !== undefined) throw new Error(`piece ${gap.number} came as number ${pieces.indexOf(gap) + 1}`);
  return {
    pods: new Set(pieces.map(({ pod }) => pod)).size,
    versions: [...new Set(pieces.map(({ version }) => version))],
  };
}

function eventIn(block: string): Told {
  const lines = block.split("\n").map((line) => /^(\w+): (.*)$/.exec(line) ?? []);
  const fields = new Map(lines.map(([, name, value]) => [name, value ?? ""]));
  return told.parse({ event: fields.get("event"), data: JSON.parse(fields.get("data") ?? "null") });
}
