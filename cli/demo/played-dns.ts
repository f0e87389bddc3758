import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { send } from "./load.ts";
import type { SteadyLoad } from "./steady-load.ts";

/** Milliseconds that an ingress may take to answer, and between two questions. */
const patience = 2000;
const interval = 500;
/** So many failures in a row move users away, so many answers bring them back. */
const failures = 2;
const answers = 3;

/**
 * What DNS with health checks does for users, played, since there is none here: it asks the ingress of a region, and sends its
 * users to another one while that does not answer.
 */
export class PlayedDns {
  readonly #working: Promise<void>;
  #isOver = false;

  constructor(load: SteadyLoad, region: string, url: string, other: string) {
    this.#working = this.#watch(load, region, url, other);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#working;
  }

  async #watch(load: SteadyLoad, region: string, url: string, other: string): Promise<void> {
    let inARow = 0;
    while (!this.#isOver) {
      // Every question comes by a connection of its own: one that is there tells nothing of the way to it.
      const agent = new Agent();
      const { failure } = await send({ url, timeout: patience }, agent);
      agent.destroy();
      const isHome = load.entranceOf(region) === region;
      inARow = isHome === (failure !== undefined) ? inARow + 1 : 0;
      if (inARow >= (isHome ? failures : answers)) {
        load.move(region, isHome ? other : region);
        inARow = 0;
      }
      await pause(interval);
    }
  }
}
