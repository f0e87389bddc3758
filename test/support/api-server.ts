import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { stringify } from "yaml";
import type { Json, JsonObject } from "../../engine/index.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { freePort } from "./free-port.ts";

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** A real API server with its etcd and nothing else: no controller acts on what is stored, no node runs it. */
export interface ApiServer {
  /** Path of a kubeconfig whose one context is `test`. */
  readonly kubeconfig: string;
  /** One request as the administrator. */
  request(method: string, path: string, body?: JsonObject): Promise<Answer>;
  /** A server-side apply as the administrator, without force. */
  apply(path: string, object: JsonObject): Promise<Answer>;
  /** Ends the server at once, as a lost machine does; what was stored is kept. */
  crash(): Promise<void>;
  /** Starts it again after a crash. */
  restart(): Promise<void>;
  /** Keeps its connections and answers nothing, as behind a network that is cut; `false` undoes it. */
  freeze(frozen: boolean): void;
  stop(): Promise<void>;
}

export async function startApiServer(): Promise<ApiServer> {
  const tools = await ensureTools(() => {}, ["etcd", "kube-apiserver"]);
  const dir = await mkdtemp(join(tmpdir(), "linly-mesh-api-server-"));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomUUID();
  const key = join(dir, "service-account.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  await writeFile(join(dir, "tokens.csv"), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  await writeFile(join(dir, "kubeconfig"), kubeconfigOf(port, token), { mode: 0o600 });
  await mkdir(join(dir, "certs"));

  const started: ChildProcess[] = [];
  const start = (name: string, command: string, args: string[]) => {
    const log = openSync(join(dir, `${name}.log`), "w");
    const child = spawn(command, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    started.push(child);
    process.once("exit", () => child.kill("SIGKILL"));
    return child;
  };
  const stop = async () => {
    await Promise.all(started.toReversed().map(ended));
    await rm(dir, { recursive: true, force: true });
  };
  const ask = (method: string, path: string, body?: JsonObject) => send(port, token, method, path, body);
  const apply = (path: string, object: JsonObject) =>
    send(port, token, "PATCH", path, object, "application/apply-patch+yaml");

  start("etcd", tools.etcd, [
    `--data-dir=${dir}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ]);
  const serve = () =>
    start("kube-apiserver", tools["kube-apiserver"], [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${dir}/certs`,
      `--token-auth-file=${dir}/tokens.csv`,
      "--authorization-mode=RBAC",
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=10.90.0.0/16",
      // No controller is there that would ever take a claim's finalizer away.
      "--disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection",
      "--endpoint-reconciler-type=none",
    ]);
  let server = serve();
  const crash = () => ended(server);
  const restart = async () => {
    server = serve();
    await untilReady(ask, server);
  };
  const freeze = (frozen: boolean) => {
    server.kill(frozen ? "SIGSTOP" : "SIGCONT");
  };
  try {
    await untilReady(ask, server);
  } catch (error) {
    const log = await readFile(join(dir, "kube-apiserver.log"), "utf8");
    await stop();
    throw new Error(`${String(error)}\n${log.slice(-2000)}`, { cause: error });
  }
  return { kubeconfig: join(dir, "kubeconfig"), request: ask, apply, crash, restart, freeze, stop };
}

async function untilReady(ask: ApiServer["request"], server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`kube-apiserver ended with exit code ${server.exitCode}`);
    const [ready, system] = await Promise.all(
      ["/readyz", "/api/v1/namespaces/kube-system"].map((path) => ask("GET", path).catch(() => undefined)),
    );
    if (ready?.status === 200 && system?.status === 200) return;
    await pause(100);
  }
  throw new Error("kube-apiserver did not become ready within a minute");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  child.kill("SIGKILL");
  await end;
}

function send(
  port: number,
  token: string,
  method: string,
  path: string,
  body?: JsonObject,
  type = method === "PATCH" ? "application/merge-patch+json" : "application/json",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    const options = { method, headers, port, host: "127.0.0.1", path, rejectUnauthorized: false };
    const sent = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        const isJson = response.headers["content-type"]?.includes("json") === true;
        resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function kubeconfigOf(port: number, token: string): string {
  const cluster = { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  });
}
