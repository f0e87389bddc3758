import { spawn } from "node:child_process";
import { Agent, request } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Simulated stages as processes of this machine. */

const MAIN = fileURLToPath(new URL("../../services/simulator/main.ts", import.meta.url));
const running = new Set<ReturnType<typeof simulator>>();

/** Ends whatever a test has left running. */
export function endSimulators(): void {
  running.forEach((child) => child.kill("SIGKILL"));
}

export function simulator(env: Record<string, string>) {
  return spawn(process.execPath, [MAIN], { env: { PORT: "0", VERSION: "v1", DRAIN_TIME: "100ms", ...env } });
}

/** Starts a simulator and waits for the port it tells. */
export async function started(env: Record<string, string>) {
  const child = simulator(env);
  running.add(child);
  for await (const line of createInterface(child.stdout)) {
    const { port }: { port: number } = JSON.parse(line);
    return { child, port, url: `http://127.0.0.1:${port}` };
  }
  throw new Error(`the simulator ended without listening`);
}

export type Reply = { status: number; headers: IncomingHttpHeaders; text: string };

export async function send(
  url: string,
  options: { headers?: Record<string, string>; body?: Buffer; agent?: Agent } = {},
) {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { body, headers = {}, agent } = options;
  const call = request(url, { method: body ? "POST" : "GET", headers, ...(agent && { agent }) }, (response) => {
    void textOf(response).then(
      (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      reject,
    );
  });
  call.on("error", reject);
  call.end(body);
  return await promise;
}

export async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message.setEncoding("utf8")) text += String(chunk);
  return text;
}
