// Sends requests as they are written, byte for byte, from inside a pod: `node --input-type=module-typescript --eval` runs
// this with a `RawBatch` as what it reads, and it prints a `RawAnswer[]`. It takes part in no build, and imports Node alone.
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls, createSecureContext, type ConnectionOptions } from "node:tls";

/** One connection: what is written to it, and by whose certificate. */
export type RawRequest = {
  readonly host: string;
  readonly port: number;
  /** Every character is a byte. */
  readonly bytes: string;
  /**
   * Bytes that are written later, each once what was written before is answered. Of requests that are all written at once
   * Envoy leaves those behind two refusals of its own without an answer.
   */
  readonly next?: readonly string[];
  /** `own`: mutual TLS by the pod's identity; `anonymous`: TLS without a certificate; `plain`: none. */
  readonly tls: "own" | "anonymous" | "plain";
};

export type RawBatch = {
  /** Folder of `key.pem`, `cert-chain.pem` and `root-cert.pem`. */
  readonly certificates: string;
  /** Connections open at a time. */
  readonly concurrency: number;
  /** How long a connection may go on. Milliseconds. */
  readonly timeout: number;
  readonly requests: readonly RawRequest[];
};

/** All that came until the other side closed, or said that it would; and why the connection failed, where it did. */
export type RawAnswer = { readonly received: string; readonly error?: string };

/** More than any answer that somebody looks at. */
const MOST = 2 ** 20;

/** Whether a response is there as a whole. */
function isWhole(received: string, toHead: boolean): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1 || toHead) return end !== -1;
  const length = /^content-length: (\d+)\r$/im.exec(received.slice(0, end + 2))?.[1];
  const body = received.slice(end + 4);
  return length === undefined ? body.endsWith("0\r\n\r\n") : body.length >= Number(length);
}

/** Whether the other side is to close the connection after what it has sent, for which a proxy may take its time. */
function isLast(received: string, toHead: boolean): boolean {
  const said = /^connection: close\r$/im.exec(received)?.index;
  return said !== undefined && isWhole(received.slice(received.lastIndexOf("HTTP/1.1 ", said)), toHead);
}

const batch: RawBatch = JSON.parse(await text(process.stdin));
const read = (name: string) => readFileSync(`${batch.certificates}/${name}.pem`);
const uses = (kind: RawRequest["tls"]) => batch.requests.some(({ tls }) => tls === kind);
const own = uses("own")
  ? createSecureContext({ key: read("key"), cert: read("cert-chain"), ca: read("root-cert") })
  : undefined;

function opened({ host, port, tls }: RawRequest): Socket {
  if (tls === "plain") return connect({ host, port });
  // A workload's certificate names an identity, and no host.
  const whoever = { checkServerIdentity: () => undefined };
  const options: ConnectionOptions =
    tls === "own" && own !== undefined ? { secureContext: own, ...whoever } : { rejectUnauthorized: false };
  return connectTls({ host, port, ...options });
}

function sent(request: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let [received, before, written] = ["", "", ""];
    const writes = [request.bytes, ...(request.next ?? [])];
    const socket = opened(request);
    const end = (error?: string) => {
      clearTimeout(timer);
      socket.destroy();
      const all = before + received;
      resolve(error === undefined ? { received: all } : { received: all, error });
    };
    const write = () => {
      before += received;
      received = "";
      written = writes.shift() ?? "";
      socket.write(written, "latin1");
    };
    const timer = setTimeout(() => end(`was not closed within ${batch.timeout} ms`), batch.timeout);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      if (received.length < MOST) received += chunk;
      const toHead = written.startsWith("HEAD ");
      if (isLast(received, toHead)) end();
      else if (writes.length > 0 && isWhole(received, toHead)) write();
    });
    socket.on("error", (error) => end("code" in error ? String(error.code) : error.message));
    socket.on("close", () => end());
    socket.on("end", () => end());
    write();
  });
}

const answers: RawAnswer[] = [];
let next = 0;
async function worker(): Promise<void> {
  for (let index = next++; index < batch.requests.length; index = next++) {
    const request = batch.requests[index];
    if (request !== undefined) answers[index] = await sent(request);
  }
}
await Promise.all(Array.from({ length: batch.concurrency }, worker));
process.stdout.write(JSON.stringify(answers));
