import { z } from "zod";
import { kubectl } from "./kubectl.ts";
import { counted } from "./stage-counters.ts";

/** A container of the lab's services. They have Node, and nothing else that could be run. */
export interface Container {
  readonly kubeconfig: string;
  /** Of the kubeconfig; default: its current one. */
  readonly context?: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** A request from inside a container. */
export interface PodRequest extends Container {
  readonly url: string;
}

/**
 * The status that a GET from inside a container gets, through its sidecar. A connection that fails is told as the text
 * `error: <code>`.
 */
export function statusFromPod({ url, ...container }: PodRequest): Promise<string> {
  return printedIn(
    container,
    `require("node:http").get(${JSON.stringify(url)}, (r) => { r.resume(); console.log(r.statusCode); })
      .on("error", (e) => console.log("error: " + e.code));`,
  );
}

/** A header of the answer that a GET from inside a container gets; undefined where the answer has none of that name. */
export async function headerFromPod({ url, ...container }: PodRequest, header: string): Promise<string | undefined> {
  const printed = await printedIn(
    container,
    `require("node:http").get(${JSON.stringify(url)}, (r) => {
      r.resume();
      console.log(JSON.stringify([r.statusCode, r.headers[${JSON.stringify(header)}]]));
    });`,
  );
  const [status, value] = z.tuple([z.number(), z.string().nullable()]).parse(JSON.parse(printed));
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return value ?? undefined;
}

/** What a GET from inside a container answers. */
export function textFromPod({ url, ...container }: PodRequest): Promise<string> {
  return printedIn(container, `require("node:http").get(${JSON.stringify(url)}, (r) => r.pipe(process.stdout));`);
}

/** The ports of a pod on which anything listens for others, whether or not the pod declares them. */
export async function listeningPorts(container: Container): Promise<number[]> {
  const script = `for (const file of ["tcp", "tcp6"]) console.log(require("node:fs").readFileSync("/proc/net/" + file, "utf8"));`;
  const ports = (await printedIn(container, script)).split("\n").flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    // Addresses are written backwards, word by word: 127.0.0.1, also as an address of IPv6, and ::1.
    const isLoopback = address.endsWith("0100007F") || /^0{24}01000000$/.test(address);
    return state === "0A" && !isLoopback ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((left, right) => left - right);
}

/** The value of a variable in a container's environment. */
export function variableOfPod(container: Container, name: string): Promise<string> {
  return printedIn(container, `console.log(process.env[${JSON.stringify(name)}])`);
}

/**
 * Makes one replica of a simulated stage behave otherwise until it ends.
 *
 * @param change as services/simulator/behaviour.ts reads it
 * @throws Error with the stage's own words when it does not take the change
 */
export async function changeStage(container: Container, port: number, change: Record<string, unknown>): Promise<void> {
  const answer = await printedIn(
    container,
    `const call = require("node:http").request({ port: ${port}, path: "/behaviour", method: "PUT" }, (r) => {
      r.on("data", (text) => r.statusCode !== 200 && console.log(String(text)));
    });
    call.end(${JSON.stringify(JSON.stringify(change))});`,
  );
  if (answer !== "") throw new Error(`${container.pod} did not take ${JSON.stringify(change)}: ${answer}`);
}

/** How many requests one replica of a simulated stage has worked on, whatever came of them. */
export async function requestsOfStage(container: Container, port: number): Promise<number> {
  return counted(await metricsOfStage(container, port), "stage_requests_total");
}

/** What one replica of a simulated stage tells of itself, as Prometheus would read it. */
export function metricsOfStage(container: Container, port: number): Promise<string> {
  return textFromPod({ ...container, url: `http://127.0.0.1:${port}/metrics` });
}

/**
 * Asks for Server-Sent Events from inside a container, through its sidecar, and leaves after so many pieces.
 *
 * @returns how many came; `cut after <pieces>` where the stream was ended before
 */
export function streamFromPod({ url, ...container }: PodRequest, pieces: number): Promise<string> {
  return printedIn(
    container,
    `require("node:http").get(${JSON.stringify(url)}, { headers: { accept: "text/event-stream" } }, (r) => {
      let text = "";
      const came = () => text.split("event: piece").length - 1;
      r.on("data", (chunk) => {
        text += chunk;
        if (came() >= ${pieces}) { console.log(came()); process.exit(); }
      });
      r.on("error", () => {});
      r.on("close", () => console.log("cut after " + came()));
    });`,
  );
}

/** What a script prints in a container. */
export async function printedIn(
  { kubeconfig, context, namespace, pod, container }: Container,
  script: string,
): Promise<string> {
  const inside = [
    ...(context === undefined ? [] : ["--context", context]),
    "--namespace",
    namespace,
    "exec",
    pod,
    "--container",
    container,
    "--",
  ];
  return (await kubectl(kubeconfig, [...inside, "node", "-e", script])).trim();
}
