import { execFileSync } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tupleOf, type Right } from "./rights.ts";

/** Stands before an API server and remembers which rights the requests that pass it take. */
export interface RecordingProxy {
  /** `https://127.0.0.1:<port>`: clients send no token to a server in plain text. */
  readonly url: string;
  /** What its certificate is checked by, as PEM. */
  readonly ca: string;
  /** The rights that were used, as {@link tupleOf} writes them, without the names of objects. */
  readonly used: ReadonlySet<string>;
  /** Requests that the API server refused for want of a right. */
  readonly refused: readonly string[];
  stop(): Promise<void>;
}

/**
 * @param server address of the API server
 * @param ca its certificate authority, as PEM
 */
export async function recordingProxy(server: string, ca: string): Promise<RecordingProxy> {
  const used = new Set<string>();
  const refused: string[] = [];
  const agent = new Agent({ ca, keepAlive: true });
  const { key, cert } = ownCertificate();
  const proxy = createServer({ key, cert }, (asked, answer) => {
    const right = rightOf(asked.method ?? "", asked.url ?? "");
    if (right !== undefined) used.add(tupleOf(right));
    forward(asked, answer, new URL(asked.url ?? "", server), agent, (status) => {
      if (status === 403) refused.push(`${asked.method} ${asked.url}`);
    });
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const { port } = addressOf(proxy.address());
  const stop = () =>
    new Promise<void>((resolve) => {
      agent.destroy();
      proxy.close(() => resolve());
      proxy.closeAllConnections();
    });
  return { url: `https://127.0.0.1:${port}`, ca: cert, used, refused, stop };
}

/** A key and a certificate for this machine alone, which is its own authority. */
function ownCertificate(): { key: string; cert: string } {
  const kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=proxy".split(" ");
  const args = ["req", ...kind, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"];
  const pem = execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const begin = pem.indexOf("-----BEGIN CERTIFICATE-----");
  return { key: pem.slice(0, begin), cert: pem.slice(begin) };
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
  return address;
}

function forward(
  asked: IncomingMessage,
  answer: ServerResponse,
  url: URL,
  agent: Agent,
  ended: (status: number) => void,
): void {
  const onward = request(url, { method: asked.method, headers: { ...asked.headers, host: url.host }, agent });
  onward.on("response", (response) => {
    ended(response.statusCode ?? 0);
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  // Whoever asked sees a connection that breaks, as without the proxy.
  onward.on("error", () => answer.destroy());
  answer.on("close", () => onward.destroy());
  asked.pipe(onward);
}

/** The right that a request takes; undefined for one that is about no resource, as discovery is. */
export function rightOf(method: string, target: string): Right | undefined {
  const { pathname, searchParams } = new URL(target, "http://api");
  const parts = pathname.split("/").filter((part) => part !== "");
  const rest = parts[0] === "api" ? parts.slice(2) : parts.slice(3);
  const group = parts[0] === "api" ? "" : parts[1];
  const inNamespace = rest[0] === "namespaces" && rest.length > 2 && !["finalize", "status"].includes(rest[2] ?? "");
  const [resource, name, subresource] = inNamespace ? rest.slice(2) : rest;
  if ((parts[0] !== "api" && parts[0] !== "apis") || group === undefined || resource === undefined) return undefined;
  return {
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    verb: verbOf(method, name !== undefined, searchParams.get("watch") === "true"),
    name: "",
  };
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): string {
  if (method === "GET") return isWatch ? "watch" : isNamed ? "get" : "list";
  if (method === "DELETE") return isNamed ? "delete" : "deletecollection";
  return { POST: "create", PUT: "update", PATCH: "patch" }[method] ?? method;
}
