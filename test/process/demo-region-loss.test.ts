import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { brokenPromises, loseRegion, type Stage } from "../../cli/demo/region-loss.ts";

/** The ingress of a cluster, which answers as if one stage had done all. */
class Ingress {
  readonly #name: string;
  #server: Server | undefined;
  #port = 0;
  #failed: (() => void) | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  async open(): Promise<void> {
    const path = [{ stage: "asr", version: "v1", pod: `${this.#name}-0`, node: "cpu-1", ms: 1 }];
    this.#server = createServer((_, response) => {
      response.statusCode = this.#failed === undefined ? 200 : 503;
      response.end(JSON.stringify({ path }));
      this.#failed?.();
      this.#failed = undefined;
    }).listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#port = address.port;
  }

  /** Fails the next request; done once it has. */
  async failOne(): Promise<void> {
    await new Promise<void>((resolve) => (this.#failed = resolve));
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }
}

let north: Ingress;
let east: Ingress;

beforeEach(async () => {
  north = new Ingress("north");
  east = new Ingress("east");
  await Promise.all([north.open(), east.open()]);
});

afterEach(async () => {
  await Promise.all([north.close(), east.close()]);
});

function stageWith(change: Partial<Stage> = {}): Stage {
  return {
    region: "east",
    other: "north",
    urls: new Map([
      ["north", north.url],
      ["east", east.url],
    ]),
    clusterOf: (pod) => pod.split("-")[0],
    look: () => Promise.resolve(),
    takeAway: () => east.close(),
    giveBack: () => east.open(),
    write: () => undefined,
    signal: new AbortController().signal,
    ...change,
  };
}

test("users of a region that is lost come in elsewhere, and at home once it is back", async () => {
  const { loss, samples } = await loseRegion(stageWith());
  const entrances = (from: number, to: number) =>
    new Set(
      samples.filter((one) => one.users === "east" && one.began > from && one.began < to).map((one) => one.entrance),
    );
  expect(entrances(0, loss.lostAt)).toEqual(new Set(["east"]));
  expect(entrances(loss.movedAt, loss.givenBackAt)).toEqual(new Set(["north"]));
  expect([...entrances(loss.returnedAt, Infinity)]).toContain("east");
  expect(brokenPromises(samples, loss)).toEqual([]);
  expect(
    samples.some(({ result }) => result.failure !== undefined),
    "the control: some failed",
  ).toBe(true);
});

test("a failure in between gives the region back", async () => {
  const takeAway = async () => {
    await east.close();
    throw new Error("the machines did not end as they should");
  };
  await expect(loseRegion(stageWith({ takeAway }))).rejects.toThrow("the machines did not end as they should");
  expect(east.isOpen).toBe(true);
});

test("so does an interruption", async () => {
  const interruption = new AbortController();
  const takeAway = async () => {
    await east.close();
    interruption.abort();
  };
  await expect(loseRegion(stageWith({ takeAway, signal: interruption.signal }))).rejects.toThrow("interrupted");
  expect(east.isOpen).toBe(true);
});

test("what fails beside the lost region is a promise broken", async () => {
  const giveBack = async () => {
    await north.failOne();
    await east.open();
  };
  const { loss, samples } = await loseRegion(stageWith({ giveBack }));
  expect(brokenPromises(samples, loss)).toEqual([expect.stringMatching(/^503 /)]);
});
