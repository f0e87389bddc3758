import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { EngineError, messageOf } from "../errors.ts";
import { endOrphansOf, isDead, nameOf } from "./holder.ts";
import { numberAt, textAt } from "../json.ts";
import type { KubernetesObject, ObjectId } from "./kubernetes.ts";

const leaseSeconds = 30;
const renewSeconds = 10;
/* Less than the lease lasts: whoever can no longer renew it stops before another may begin. */
const safeSeconds = 25;
/* How long an answer is waited for, and when it is asked again. */
const [attemptSeconds, retrySeconds] = [5, 2];
const attempts = 3;

class Taken extends EngineError {}

/** Keeps two runs of a stack apart in one cluster. */
export class Lease {
  readonly #holder: string;
  readonly #cluster: Cluster;
  readonly #id: ObjectId;
  readonly #released = new AbortController();
  #renewal: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster, name: string, holder: string) {
    this.#cluster = cluster;
    this.#holder = holder;
    this.#id = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: "kube-system", name };
  }

  /** Takes the lease, or says who holds it. Calls `lost` should it slip away later. */
  async take(lost: (reason: string) => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#tryToTake();
        this.#renewal = this.#renew(lost);
        return;
      } catch (error) {
        // Someone else was faster: look again who holds it now.
        if (!(error instanceof ApiError && error.status === 409) || attempt >= attempts) throw error;
      }
    }
  }

  async #tryToTake(): Promise<void> {
    const live = await this.#cluster.get(this.#id);
    if (live === undefined) {
      await this.#cluster.create(this.#object(new Date().toISOString()), this.#id);
      return;
    }
    const holder = textAt(live, "spec", "holderIdentity") ?? "";
    if (holder !== "" && isDead(holder)) await endOrphansOf(holder);
    else if (holder !== "" && !isExpired(live)) throw new EngineError(this.#taken(live, holder));
    await this.#cluster.replace(this.#object(new Date().toISOString(), live), this.#id);
  }

  #taken(live: KubernetesObject, holder: string): string {
    const since = textAt(live, "spec", "acquireTime")?.replace(/\.\d+Z$/, "Z") ?? "some time";
    return `another run of this stack is at work on cluster ${this.#cluster.name}: ${nameOf(holder)}, since ${since}`;
  }

  #object(acquired: string, live?: KubernetesObject): KubernetesObject {
    const resourceVersion = textAt(live, "metadata", "resourceVersion");
    return {
      apiVersion: this.#id.apiVersion,
      kind: this.#id.kind,
      metadata: {
        name: this.#id.name,
        namespace: "kube-system",
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      spec: {
        holderIdentity: this.#holder,
        leaseDurationSeconds: leaseSeconds,
        acquireTime: micro(acquired),
        renewTime: micro(new Date().toISOString()),
      },
    };
  }

  async #renew(lost: (reason: string) => void): Promise<void> {
    let renewed = Date.now();
    let interval = renewSeconds;
    for (;;) {
      await this.#pause(interval);
      if (this.#released.signal.aborted) return;
      const asked = Date.now();
      const left = renewed / 1000 + safeSeconds - asked / 1000;
      const noAnswer = this.#pause(Math.max(1, Math.min(attemptSeconds, left))).then(() =>
        Promise.reject(new Error(`it has not answered for ${safeSeconds} s`)),
      );
      try {
        await Promise.race([this.#renewOnce(), noAnswer]);
        renewed = asked;
        interval = renewSeconds;
      } catch (error) {
        if (this.#released.signal.aborted) return;
        if (error instanceof Taken || Date.now() >= renewed + safeSeconds * 1000) return lost(messageOf(error));
        interval = retrySeconds;
      }
    }
  }

  async #renewOnce(): Promise<void> {
    if (this.#released.signal.aborted) return;
    const live = await this.#cluster.get(this.#id);
    if (textAt(live, "spec", "holderIdentity") !== this.#holder) throw new Taken("another run has taken its lease");
    await this.#cluster.replace(this.#object(textAt(live, "spec", "acquireTime") ?? "", live), this.#id);
  }

  #pause(seconds: number): Promise<void> {
    return pause(seconds * 1000, undefined, { signal: this.#released.signal, ref: false }).catch(() => {});
  }

  /** Gives the lease back, if it is still ours. */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#renewal;
    const live = await this.#cluster.get(this.#id);
    if (live === undefined || textAt(live, "spec", "holderIdentity") !== this.#holder) return;
    await this.#cluster.delete(this.#id, textAt(live, "metadata", "uid") ?? "", "Background");
  }
}

function isExpired(live: KubernetesObject): boolean {
  const renewed = Date.parse(textAt(live, "spec", "renewTime") ?? "");
  const seconds = numberAt(live, "spec", "leaseDurationSeconds") ?? leaseSeconds;
  return Number.isNaN(renewed) || Date.now() > renewed + seconds * 1000;
}

/** Leases tell time in microseconds. */
function micro(time: string): string {
  return time.replace(/\.(\d{3})Z$/, ".$1000Z");
}
