import { createSocket } from "node:dgram";
import { get as http, type IncomingMessage } from "node:http";
import { get as https } from "node:https";

// Runs in a container, where there is nothing but Node: it is handed over as text, with the attempts as its argument.

/** An attempt to reach somebody. */
export interface Attempt {
  readonly by: "tls" | "http" | "udp";
  /** A name, or an address. */
  readonly host: string;
  readonly port: number;
  /** The name in the TLS greeting, where it is not the host. */
  readonly as?: string | undefined;
}

/** Longer than anything takes that is heard of at all. Milliseconds. */
const patience = 15_000;

function outcomeOf(attempt: Attempt): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("silence"), patience);
    const failed = (error: Error) => resolve("code" in error ? String(error.code) : error.message);
    if (attempt.by === "udp") bySocket(attempt, resolve, failed);
    else byRequest(attempt, resolve, failed);
  });
}

function bySocket({ host, port }: Attempt, told: (text: string) => void, failed: (error: Error) => void): void {
  const socket = createSocket("udp4");
  socket.on("error", failed);
  socket.on("message", (text) => told(String(text)));
  // Sent again, since a datagram may be lost; a refusal is heard of at the next one.
  socket.connect(port, host, () => setInterval(() => socket.send("hello"), 200));
}

function byRequest(
  { by, host, port, as }: Attempt,
  told: (text: string) => void,
  failed: (error: Error) => void,
): void {
  const answered = (response: IncomingMessage) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (piece: string) => (text += piece));
    response.on("error", failed);
    response.on("end", () => told(response.statusCode === 200 ? text : String(response.statusCode)));
  };
  const target = { host, port, path: "/healthz", agent: false as const };
  const greeting = { rejectUnauthorized: false, ...(as !== undefined && { servername: as }) };
  const outgoing = by === "http" ? http(target, answered) : https({ ...target, ...greeting }, answered);
  outgoing.on("error", failed);
}

const [text = "[]"] = process.argv.slice(1);
const attempts: Attempt[] = JSON.parse(text);
process.stdout.write(JSON.stringify(await Promise.all(attempts.map(outcomeOf))), () => process.exit());
