import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { destroy, up } from "../../engine/index.ts";
import type { Event, Json, JsonObject, Options, Program } from "../../engine/index.ts";
import type { ApiServer } from "./api-server.ts";
import { at } from "./plan.ts";
import { leases, runHere, startRun } from "./stack-under-test.ts";
import type { Run, StartedRun } from "./stack-under-test.ts";

const here = new URL(".", import.meta.url).pathname;

/** What the program is to make, beside its clusters; see fixtures/clusters. */
export interface Wanted {
  readonly chain?: readonly string[];
  readonly services?: readonly string[];
  readonly release?: { readonly cluster: string; readonly chart: string };
}

/** A stack over several real API servers, with a namespace of its own in each and a kubeconfig file for each. */
export class StackOverClusters {
  readonly name: string;
  readonly #servers: Readonly<Record<string, ApiServer>>;
  readonly #helm: string;
  readonly #dir: string;

  private constructor(name: string, servers: Readonly<Record<string, ApiServer>>, helm: string, dir: string) {
    this.name = name;
    this.#servers = servers;
    this.#helm = helm;
    this.#dir = dir;
  }

  static async make(
    name: string,
    servers: Readonly<Record<string, ApiServer>>,
    helm: string,
  ): Promise<StackOverClusters> {
    const stack = new StackOverClusters(name, servers, helm, await mkdtemp(join(tmpdir(), "linly-mesh-clusters-")));
    for (const [cluster, server] of Object.entries(servers)) {
      await server.request("POST", "/api/v1/namespaces", { metadata: { name } });
      await copyFile(server.kubeconfig, stack.kubeconfig(cluster));
    }
    return stack;
  }

  kubeconfig(cluster: string): string {
    return join(this.#dir, cluster);
  }

  /** Lets a cluster's kubeconfig lead to where nobody listens, as if the cluster were gone; `undefined` leads back to it. */
  async lead(cluster: string, to: { readonly port: number } | ApiServer | undefined): Promise<void> {
    const text = await readFile(this.#server(cluster).kubeconfig, "utf8");
    if (to === undefined) await writeFile(this.kubeconfig(cluster), text);
    else if ("port" in to)
      await writeFile(this.kubeconfig(cluster), text.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${to.port}`));
    else await copyFile(to.kubeconfig, this.kubeconfig(cluster));
  }

  program(clusters: readonly (string | JsonObject)[], wanted: Wanted = {}): Program {
    const given = clusters.map((one) =>
      typeof one === "string" ? { name: one, kubeconfig: this.kubeconfig(one) } : one,
    );
    const config = { "p:namespace": this.name, "p:wanted": JSON.stringify({ clusters: given, ...wanted }) };
    return { dir: join(here, "../engine/fixtures/clusters"), project: "p", stack: this.name, config };
  }

  up(
    clusters: readonly (string | JsonObject)[],
    wanted?: Wanted,
    options: Partial<Options> = {},
    onEvent?: (event: Event) => void,
  ): Promise<Run> {
    return runHere(up, this.program(clusters, wanted), { helm: async () => this.#helm, ...options }, onEvent);
  }

  destroy(clusters: readonly (string | JsonObject)[], options: Partial<Options> = {}): Promise<Run> {
    return runHere(destroy, this.program(clusters), { helm: async () => this.#helm, ...options });
  }

  /** An `up` in a process of its own. */
  start(clusters: readonly string[], wanted: Wanted, onEvent: (event: Event, run: StartedRun) => void): StartedRun {
    const run = startRun("up", this.program(clusters, wanted), this.#helm, (event) => onEvent(event, run));
    return run;
  }

  async names(cluster: string, apiVersion = "v1", plural = "configmaps"): Promise<string[]> {
    const api = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
    const { body } = await this.#server(cluster).request("GET", `${api}/namespaces/${this.name}/${plural}`);
    return namesIn(body);
  }

  /** What of the stack is in a cluster's kube-system: `inventory`, `lease`. */
  async records(cluster: string): Promise<string[]> {
    const server = this.#server(cluster);
    const [inventories, held] = await Promise.all([server.request("GET", configMaps), server.request("GET", leases)]);
    const own = (list: Json, what: string) => (namesIn(list).includes(`linly-mesh-${this.name}`) ? [what] : []);
    return [...own(inventories.body, "inventory"), ...own(held.body, "lease")];
  }

  /** The inventory in a cluster. */
  async inventory(cluster: string): Promise<Json> {
    return (await this.#server(cluster).request("GET", `${configMaps}/linly-mesh-${this.name}`)).body;
  }

  /** Names of the other clusters that the inventory in a cluster knows of. */
  async known(cluster: string): Promise<string[]> {
    const lines = String(at(await this.inventory(cluster), "data", "clusters") ?? "").split("\n");
    return lines.filter((line) => line !== "").map((line) => String(at(JSON.parse(line), "name")));
  }

  /** Says of a Service what the controller of its endpoints would once a pod of it is ready. */
  async ready(cluster: string, service: string): Promise<void> {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${this.name}/endpointslices`;
    const { status } = await this.#server(cluster).request("POST", path, {
      metadata: { name: service, labels: { "kubernetes.io/service-name": service } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.1.2.3"], conditions: { ready: true } }],
    });
    if (status !== 201) throw new Error(`Service ${service} in ${cluster} can't be said to be ready: ${status}`);
  }

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }

  #server(cluster: string): ApiServer {
    const server = this.#servers[cluster];
    if (server === undefined) throw new Error(`there is no server ${cluster}`);
    return server;
  }
}

const configMaps = "/api/v1/namespaces/kube-system/configmaps";

function namesIn(list: Json): string[] {
  const items = at(list, "items");
  return Array.isArray(items) ? items.map((item) => String(at(item, "metadata", "name"))) : [];
}
