import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { destroy, tally, up } from "../../engine/index.ts";
import type { Event, Json, JsonObject, Options, Program } from "../../engine/index.ts";
import type { Answer, ApiServer } from "./api-server.ts";
import { at } from "./plan.ts";

export const password = "correct-horse-battery";
const here = new URL(".", import.meta.url).pathname;

export interface Run {
  /** Counts of outcomes, or the error's message. */
  readonly end: string;
  readonly events: Event[];
  /** `outcome title` of each object, in the order in which they were done. */
  readonly done: string[];
  /** What the program and the engine said beside that. */
  readonly said: string[];
  readonly outputs: JsonObject;
}

/** A stack on a real API server with a namespace of its own, so that tests can run side by side. */
export class StackUnderTest {
  readonly name: string;
  readonly #server: ApiServer;
  readonly #helm: string;

  constructor(name: string, server: ApiServer, helm: string) {
    this.name = name;
    this.#server = server;
    this.#helm = helm;
  }

  async makeNamespace(): Promise<void> {
    await this.#server.request("POST", "/api/v1/namespaces", { metadata: { name: this.name } });
  }

  /** A request below the stack's namespace. */
  async request(method: string, path: string, body?: JsonObject): Promise<Json> {
    return (await this.#server.request(method, `/api/v1/namespaces/${this.name}${path}`, body)).body;
  }

  async names(plural: string): Promise<string[]> {
    return namesIn(await this.request("GET", `/${plural}`));
  }

  /** What of the stack is left in kube-system: its inventory, its lease. */
  async records(): Promise<string[]> {
    const paths = ["/api/v1/namespaces/kube-system/configmaps", leases];
    const answers: Answer[] = await Promise.all(paths.map((path) => this.#server.request("GET", path)));
    return answers.flatMap(({ body }) => namesIn(body)).filter((name) => name === `linly-mesh-${this.name}`);
  }

  program(wanted: JsonObject): Program {
    const { name } = this;
    const text = JSON.stringify(wanted);
    return {
      dir: join(here, "../engine/fixtures/objects"),
      project: "p",
      stack: name,
      config: {
        "p:kubeconfig": this.#server.kubeconfig,
        "p:namespace": name,
        "p:wanted": text,
        "p:password": password,
      },
      secretKeys: ["p:password"],
    };
  }

  up(wanted: JsonObject, onEvent?: (event: Event) => void, options?: Partial<Options>): Promise<Run> {
    return this.#run(up, wanted, onEvent, options);
  }

  destroy(): Promise<Run> {
    return this.#run(destroy, {});
  }

  /** An `up` in a process of its own that is killed at this event, counted from zero. */
  async killedAt(event: number, wanted: JsonObject): Promise<NodeJS.Signals | null> {
    let seen = 0;
    const run = startRun("up", this.program(wanted), this.#helm, () => {
      if (seen === event) run.kill();
      seen += 1;
    });
    return (await run.ended).signal;
  }

  #run(
    action: typeof up,
    wanted: JsonObject,
    onEvent?: (event: Event) => void,
    chosen: Partial<Options> = {},
  ): Promise<Run> {
    return runHere(action, this.program(wanted), { helm: async () => this.#helm, ...chosen }, onEvent);
  }
}

/** One run of the engine in this process. */
export async function runHere(
  action: typeof up,
  program: Program,
  options: Options,
  onEvent: (event: Event) => void = () => {},
): Promise<Run> {
  const events: Event[] = [];
  const report = (event: Event) => {
    events.push(event);
    onEvent(event);
  };
  const result = await action(program, options, report).then(
    ({ steps, outputs }) => ({ end: tally(steps), outputs }),
    (error: unknown) => ({ end: error instanceof Error ? error.message : String(error), outputs: {} }),
  );
  return { ...result, events, done: doneOf(events), said: saidOf(events) };
}

function doneOf(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    if (event.type !== "done" || event.step.outcome === "register") return [];
    return [`${event.step.outcome} ${event.step.title}`];
  });
}

function saidOf(events: readonly Event[]): string[] {
  return events.flatMap((event) => (event.type === "log" ? [event.text] : []));
}

/** A run in a process of its own. */
export interface StartedRun {
  readonly ended: Promise<{ signal: NodeJS.Signals | null; done: string[]; complaint: string }>;
  kill(): void;
}

/** Starts a run of the engine in a process of its own, which can be killed, and whose leases are free once it has ended. */
export function startRun(
  action: "up" | "destroy",
  program: Program,
  helm: string,
  onEvent: (event: Event) => void,
): StartedRun {
  const args = [join(here, "engine-run.ts"), action, JSON.stringify(program), helm];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const events: Event[] = [];
  const complaints: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text));
  createInterface(child.stdout).on("line", (line) => {
    const event: Event = JSON.parse(line);
    events.push(event);
    onEvent(event);
  });
  const ended = once(child, "close").then(() => ({
    signal: child.signalCode,
    done: doneOf(events),
    complaint: complaints.join(""),
  }));
  return { ended, kill: () => child.kill("SIGKILL") };
}

export const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

function namesIn(list: Json): string[] {
  const items = at(list, "items");
  return Array.isArray(items) ? items.map((item) => String(at(item, "metadata", "name"))) : [];
}
