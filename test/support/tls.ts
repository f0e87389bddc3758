import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, TLSSocket, type DetailedPeerCertificate, type SecureVersion } from "node:tls";
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

/** An ECDSA key and a certificate that it signed itself. */
export function selfSigned(): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-self-signed-"));
  try {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    const args = ["req", "-x509", ...kind, "-subj", "/CN=test", "-keyout", key, "-out", cert];
    execFileSync("openssl", args, { stdio: "pipe" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The same, valid in years long gone or far away: `20200101000000Z`, `20210101000000Z`. */
export function selfSignedFor(from: string, to: string): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-self-signed-"));
  try {
    const file = (name: string) => join(dir, name);
    const policy = "[policy]\ncommonName=supplied\n";
    const files = `database=${file("index")}\nserial=${file("serial")}\nnew_certs_dir=${dir}\npolicy=policy\n`;
    writeFileSync(file("config"), `[ca]\ndefault_ca=own\n[own]\ndefault_md=sha256\n${files}${policy}`);
    writeFileSync(file("index"), "");
    writeFileSync(file("serial"), "01\n");
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl("req", "-new", ...kind, "-subj", "/CN=test", "-keyout", file("key.pem"), "-out", file("request.pem"));
    const own = ["-selfsign", "-batch", "-notext", "-config", file("config"), "-keyfile", file("key.pem")];
    const dates = ["-startdate", from, "-enddate", to];
    openssl("ca", ...own, ...dates, "-in", file("request.pem"), "-out", file("cert.pem"));
    return { key: readFileSync(file("key.pem"), "utf8"), cert: readFileSync(file("cert.pem"), "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
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
