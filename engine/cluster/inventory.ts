import type { Cluster } from "./cluster.ts";
import { entriesOf, keyOfEntry, titleOfEntry } from "./entry.ts";
import type { Entry, EntryId } from "./entry.ts";
import { EngineError } from "../errors.ts";
import { sameJson, textAt, toJson } from "../json.ts";
import type { KubernetesObject, ObjectId } from "./kubernetes.ts";
import { recordsOf } from "./record.ts";
import type { ClusterRecord } from "./record.ts";

const label = "app.kubernetes.io/managed-by";
const labelValue = "linly-mesh-engine";

/**
 * What a stack owns in one cluster, in the order in which it was made: a ConfigMap, since the cluster is the only state. An
 * entry is written before its object is, so that nothing that was made can be forgotten, whenever a run is killed. For the same
 * reason it names the stack's other clusters.
 */
export class Inventory {
  readonly #cluster: Cluster;
  readonly #id: ObjectId;
  readonly #project: string;
  readonly #entries = new Map<string, Entry>();
  /** By key, the URN that named it in this run. */
  readonly #named = new Map<string, string>();
  #clusters: readonly ClusterRecord[] = [];
  #live: KubernetesObject | undefined;
  #written = 0;
  #changed = 0;
  #writing: Promise<void> | undefined;

  constructor(cluster: Cluster, name: string, project: string) {
    this.#cluster = cluster;
    this.#id = { apiVersion: "v1", kind: "ConfigMap", namespace: "kube-system", name };
    this.#project = project;
  }

  async load(): Promise<void> {
    this.#live = await this.#cluster.get(this.#id);
    const project = textAt(this.#live, "data", "project");
    if (project !== undefined && project !== this.#project) {
      throw new EngineError(
        `cluster ${this.#cluster.name} holds a stack of the same name that belongs to project ${project}`,
      );
    }
    for (const entry of entriesOf(this.#live)) this.#entries.set(keyOfEntry(entry), entry);
    this.#clusters = recordsOf(this.#live);
  }

  /** The other clusters that the stack has something in. */
  get clusters(): readonly ClusterRecord[] {
    return this.#clusters;
  }

  /** Names the other clusters; when this returns the cluster has it. */
  async name(clusters: readonly ClusterRecord[]): Promise<void> {
    if (sameJson(toJson(this.#clusters), toJson(clusters))) return;
    this.#clusters = clusters;
    this.#changed += 1;
    await this.flush();
  }

  /** All entries, the oldest first. */
  get entries(): Entry[] {
    return [...this.#entries.values()];
  }

  find(id: EntryId): Entry | undefined {
    return this.#entries.get(keyOfEntry(id));
  }

  /** Entries that this run has not named. */
  get unnamed(): Entry[] {
    return this.entries.filter((entry) => !this.#named.has(keyOfEntry(entry)));
  }

  /** Names an entry in this run; when this returns it is in the cluster. One that is there already keeps its place. */
  async put(entry: Entry): Promise<void> {
    const key = keyOfEntry(entry);
    const other = this.#named.get(key);
    if (other !== undefined && other !== entry.urn) {
      throw new EngineError(`two resources are the same ${titleOfEntry(entry)}: ${other} and ${entry.urn}`);
    }
    this.#named.set(key, entry.urn);
    if (sameJson(toJson(this.#entries.get(key) ?? null), toJson(entry))) return;
    this.#entries.set(key, entry);
    this.#changed += 1;
    await this.flush();
  }

  /** Adds what was learnt of an entry; it is written with the next one, or at the end. */
  learn(id: EntryId, learnt: { uid?: string; chart?: string }): void {
    const known = this.find(id);
    if (known === undefined) return;
    const next = { ...known, ...learnt };
    if (next.uid === known.uid && next.chart === known.chart) return;
    this.#entries.set(keyOfEntry(id), next);
    this.#changed += 1;
  }

  /** Forgets an entry; written with the next change, or at the end. */
  forget(id: EntryId): void {
    if (this.#entries.delete(keyOfEntry(id))) this.#changed += 1;
  }

  /** Writes all changes so far. Changes that come while a write is under way go together into the next. */
  async flush(): Promise<void> {
    const wanted = this.#changed;
    while (this.#written < wanted) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const changed = this.#changed;
    const object = this.#object();
    this.#live =
      this.#live === undefined
        ? await this.#cluster.create(object, this.#id)
        : await this.#cluster.replace(object, this.#id);
    this.#written = changed;
  }

  #object(): KubernetesObject {
    const resourceVersion = textAt(this.#live, "metadata", "resourceVersion");
    const { apiVersion, kind, name } = this.#id;
    return {
      apiVersion,
      kind,
      metadata: {
        name,
        namespace: "kube-system",
        labels: { [label]: labelValue },
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      data: {
        project: this.#project,
        entries: linesOf(this.entries),
        ...(this.#clusters.length === 0 ? {} : { clusters: linesOf(this.#clusters) }),
      },
    };
  }

  /** Deletes the inventory itself: nothing is owned any more. */
  async remove(): Promise<void> {
    const uid = textAt(this.#live, "metadata", "uid");
    if (uid !== undefined) await this.#cluster.delete(this.#id, uid, "Background");
    this.#live = undefined;
  }

  /** The inventory of another stack that names this very object, if there is one. */
  async otherOwner(uid: string): Promise<string | undefined> {
    const all = await this.#cluster.list(
      { apiVersion: "v1", kind: "ConfigMap", namespace: "kube-system" },
      { labelSelector: `${label}=${labelValue}` },
    );
    return all
      .filter((other) => textAt(other, "metadata", "name") !== this.#id.name)
      .filter((other) => entriesOf(other).some((entry) => entry.uid === uid))
      .map((other) => textAt(other, "metadata", "name"))
      .at(0);
  }
}

function linesOf(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join("");
}
