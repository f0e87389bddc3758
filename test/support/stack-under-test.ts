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
      dir: join(here, "../control-plane/fixtures/objects"),
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
    const args = [join(here, "engine-run.ts"), "up", JSON.stringify(this.program(wanted)), this.#helm];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let seen = 0;
    createInterface(child.stdout).on("line", () => {
      if (seen === event) child.kill("SIGKILL");
      seen += 1;
    });
    await once(child, "close");
    return child.signalCode;
  }

  async #run(
    action: typeof up,
    wanted: JsonObject,
    onEvent: (event: Event) => void = () => {},
    chosen: Partial<Options> = {},
  ): Promise<Run> {
    const events: Event[] = [];
    const options = { helm: async () => this.#helm, ...chosen };
    const report = (event: Event) => {
      events.push(event);
      onEvent(event);
    };
    const result = await action(this.program(wanted), options, report).then(
      ({ steps, outputs }) => ({ end: tally(steps), outputs }),
      (error: unknown) => ({ end: error instanceof Error ? error.message : String(error), outputs: {} }),
    );
    const done = events.flatMap((event) => {
      if (event.type !== "done" || event.step.outcome === "register") return [];
      return [`${event.step.outcome} ${event.step.title}`];
    });
    return { ...result, events, done, said: events.flatMap((event) => (event.type === "log" ? [event.text] : [])) };
  }
}

export const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

function namesIn(list: Json): string[] {
  const items = at(list, "items");
  return Array.isArray(items) ? items.map((item) => String(at(item, "metadata", "name"))) : [];
}
