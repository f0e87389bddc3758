import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { send } from "./load.ts";
import type { Sample } from "./timeline.ts";

/** How many requests of each region's users are under way at a time, and the milliseconds between two of one user. */
const usersOfARegion = 4;
const pauseBetween = 50;
/** Milliseconds after which a user gives up. */
export const patience = 5000;

/** Users of several regions, each at work until they are told to stop; `move` changes where those of a region come in. */
export class SteadyLoad {
  readonly samples: Sample[] = [];
  readonly #urls: ReadonlyMap<string, string>;
  readonly #entrances: Map<string, string>;
  readonly #underWay = new Map<string, number>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #begin = performance.now();
  readonly #working: Promise<unknown>;
  #isOver = false;

  /** @param urls for each cluster, where its ingress gateway takes requests */
  constructor(urls: ReadonlyMap<string, string>) {
    this.#urls = urls;
    const regions = [...urls.keys()];
    this.#entrances = new Map(regions.map((region) => [region, region]));
    this.#working = Promise.all(
      regions.flatMap((region) => Array.from({ length: usersOfARegion }, () => this.#user(region))),
    );
  }

  /** Seconds since the load began. */
  get now(): number {
    return (performance.now() - this.#begin) / 1000;
  }

  /** Sends users of a region to the ingress of another, from their next request on. */
  move(users: string, entrance: string): void {
    this.#entrances.set(users, entrance);
  }

  entranceOf(users: string): string {
    return this.#entrances.get(users) ?? users;
  }

  underWay(users: string): number {
    return this.#underWay.get(users) ?? 0;
  }

  /** Waits for what is under way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#working;
    this.#agent.destroy();
  }

  async #user(users: string): Promise<void> {
    while (!this.#isOver) {
      const entrance = this.entranceOf(users);
      const url = this.#urls.get(entrance);
      if (url === undefined) throw new Error(`${entrance} has no ingress`);
      const began = this.now;
      this.#underWay.set(users, this.underWay(users) + 1);
      const result = await send({ url, timeout: patience }, this.#agent);
      this.#underWay.set(users, this.underWay(users) - 1);
      this.samples.push({ users, entrance, began, ended: this.now, result });
      await pause(pauseBetween);
    }
  }
}
