import { Agent, request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { connect, createServer, TLSSocket, type DetailedPeerCertificate, type SecureVersion } from "node:tls";
import { selfSigned, type KeyAndCertificate } from "./certificates.ts";
import { kubectl } from "./kubectl.ts";

export interface Handshake {
  readonly address: string;
  readonly port: number;
  /** The name that the certificate is to be for. Default: any, as between workloads, whose certificates name no host. */
  readonly servername?: string;
  /** Whom the client trusts, in PEM. Default: what Node comes with. */
  readonly ca?: string;
  readonly version?: SecureVersion;
  /** What the client offers up to TLS 1.2. */
  readonly ciphers?: string;
  readonly alpn?: readonly string[];
}

/** What came of a handshake: what the two agreed on, and whether the client believes the server; or how it ended. */
export type Shaken =
  | {
      readonly protocol: string | null;
      readonly cipher: string;
      /** Why the client would not believe the server; undefined where it does. */
      readonly distrust: string | undefined;
      readonly certificate: DetailedPeerCertificate;
    }
  | { readonly refused: string };

/** Shakes hands as a client that offers what it is told to, weak versions and ciphers too, and believes anybody. */
export function shakeHands({ address, port, servername, ca, version, ciphers, alpn }: Handshake): Promise<Shaken> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host: address, port, rejectUnauthorized: false, timeout: 10_000 },
      ...(servername === undefined ? { checkServerIdentity: () => undefined } : { servername }),
      ...(ca !== undefined && { ca }),
      ...(version !== undefined && { minVersion: version, maxVersion: version }),
      ...(alpn !== undefined && { ALPNProtocols: [...alpn] }),
      // OpenSSL's own level would keep the client from what the server is to refuse.
      ciphers: `${ciphers ?? "ALL"}:@SECLEVEL=0`,
    });
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerCertificate(true);
      const distrust = socket.authorized ? undefined : String(socket.authorizationError);
      resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().standardName, distrust, certificate });
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy(new Error(`${address}:${port} did not answer`)));
    socket.once("error", (error) => {
      const code = "code" in error ? String(error.code) : "";
      // Only an answer to the handshake is a refusal; a server that is not there is none.
      if (code === "ECONNRESET" || code.startsWith("ERR_SSL")) resolve({ refused: code });
      else reject(error);
    });
  });
}

/** A server that takes every version and cipher, with an ECDSA key: the control of what another one refuses. */
export async function withLaxServer<T>(work: (address: string, port: number) => Promise<T>): Promise<T> {
  const weak = { minVersion: "TLSv1", maxVersion: "TLSv1.3", ciphers: "ALL:@SECLEVEL=0" } as const;
  const server = createServer({ ...selfSigned(), ...weak });
  try {
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    return await work("127.0.0.1", port);
  } finally {
    server.close();
  }
}

/** What a sidecar's port answers a GET by whoever has this certificate: a status, or why there is none. */
export function statusFor(
  { address, port, path }: { readonly address: string; readonly port: number; readonly path: string },
  { key, cert }: KeyAndCertificate,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  // The name by which sidecars of this mesh tell each other that they speak HTTP.
  const ALPNProtocols = ["istio-http/1.1"];
  const options = { host: address, port, key, cert, rejectUnauthorized: false, ALPNProtocols, timeout: 10_000 };
  const socket = connect(options, () => {
    socket.write(`GET ${path} HTTP/1.1\r\nhost: stage\r\nconnection: close\r\n\r\n`);
  });
  let told = "";
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => (told += text));
  socket.on("end", () => resolve(/^HTTP\/1\.1 (\d+)/.exec(told)?.[1] ?? "no answer"));
  socket.on("timeout", () => socket.destroy(new Error("no answer in time")));
  socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  return promise;
}

export interface HttpsRequest {
  readonly address: string;
  /** The name in the request and in the handshake. */
  readonly host: string;
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly ca: string;
  /** Beside the host. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose connections are kept; without one the request has a connection of its own. */
  readonly agent?: Agent;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Serial number of the certificate that this connection began with. */
  readonly serial: string;
}

/** A request over TLS whose client believes one CA alone. */
export function httpsRequest(wanted: HttpsRequest): Promise<HttpsAnswer> {
  const { address, host, path, method = "POST", ca, headers = {}, agent } = wanted;
  return new Promise((resolve, reject) => {
    const options = { host: address, servername: host, headers: { host, ...headers }, path, method, ca };
    const outgoing = request({ ...options, agent: agent ?? false, timeout: 60_000 }, (response) => {
      const { socket } = response;
      const serial = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : "";
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, serial }));
      response.resume();
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within a minute")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** A part of a Secret in clear, without anything of it being printed. */
export async function secretPart(kubeconfig: string, namespace: string, name: string, key: string): Promise<string> {
  const path = `jsonpath={.data.${key.replaceAll(".", "\\.")}}`;
  const encoded = await kubectl(kubeconfig, ["--namespace", namespace, "get", "secret", name, "--output", path]);
  if (encoded === "") throw new Error(`Secret ${namespace}/${name} has no ${key}`);
  return Buffer.from(encoded, "base64").toString("utf8");
}

/** Has cert-manager issue a certificate anew at once, as `cmctl renew` does. */
export async function renewNow(kubeconfig: string, namespace: string, name: string): Promise<void> {
  const condition = {
    ...{ type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "asked for by a test" },
    lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  };
  const patch = JSON.stringify([{ op: "add", path: "/status/conditions/-", value: condition }]);
  const what = ["patch", "certificate", name, "--subresource", "status", "--type", "json", "--patch", patch];
  await kubectl(kubeconfig, ["--namespace", namespace, ...what]);
}
