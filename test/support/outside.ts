import { execFile } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { promisify } from "node:util";
import { machineAddress, outside } from "../../lab/addresses.ts";

/** What a server of the world outside answers: at which of its addresses, and to which name it was asked for. */
export function answerOf(address: string, name: string): string {
  return `outside ${address} as ${name}`;
}

export const ports = { tls: 443, otherTls: 8443, http: 80, udp: 5353 } as const;

/**
 * Servers outside the cluster: the machine under its outside address and under the one that it has among the hosts. By TLS
 * and in plain text, on the usual ports and another one, and by UDP.
 */
export class Outside {
  readonly #servers: readonly (Server | Socket)[];

  private constructor(servers: readonly (Server | Socket)[]) {
    this.#servers = servers;
  }

  static async started(): Promise<Outside> {
    const tls = await selfSigned();
    const servers = [outside.address, machineAddress].flatMap((address) => [
      httpsAt(address, ports.tls, tls),
      httpsAt(address, ports.otherTls, tls),
      createServer((_, response) => response.end(answerOf(address, "http"))).listen(ports.http, address),
      echoAt(address, ports.udp),
    ]);
    await Promise.all(servers.map((server) => once(server, "listening")));
    return new Outside(servers);
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
    );
  }
}

function httpsAt(address: string, port: number, tls: ServerOptions): Server {
  return createTlsServer(tls, (request, response) => {
    const name = "servername" in request.socket ? String(request.socket.servername || "nobody") : "nobody";
    response.end(answerOf(address, name));
  }).listen(port, address);
}

function echoAt(address: string, port: number): Socket {
  const socket = createSocket("udp4");
  socket.on("message", (_, { address: to, port: back }) => socket.send(answerOf(address, "udp"), back, to));
  return socket.bind(port, address);
}

async function selfSigned(): Promise<ServerOptions> {
  const dir = await mkdtemp(join(tmpdir(), "linly-mesh-outside-"));
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  try {
    const kind = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=outside".split(" ");
    await promisify(execFile)("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert]);
    return { key: await readFile(key), cert: await readFile(cert) };
  } finally {
    await rm(dir, { recursive: true });
  }
}
