import { beforeAll, expect, test } from "vitest";
import { countVersions, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith, withWeights } from "../support/stack.ts";
import { trafficDuring } from "../support/traffic.ts";

const deviations = 5;

describeOnLab("requests that keep to a version", () => {
  let url: string;

  beforeAll(async () => {
    ({ url } = await localMesh(withPins));
    await inForce();
  });

  function send(count: number, headers: Record<string, string> = {}): Promise<Result[]> {
    return load({ url, concurrency: 16, timeout: 60_000, headers }, (sent) => sent >= count);
  }

  /** Waits until the gateway gives cookies: the new routes have arrived there. */
  async function inForce(): Promise<void> {
    for (let attempt = 1; attempt <= 100; attempt += 1)
      if ((await send(10)).every(({ cookies }) => cookies.length > 0)) return;
    throw new Error("the gateway never gave a cookie");
  }

  function llmVersions(results: readonly Result[]): Record<string, number> {
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    return Object.fromEntries(countVersions(visitsOf(results, "llm")));
  }

  test("a tester's header chooses the version of a stage behind the entry", async () => {
    expect(llmVersions(await send(200, { "x-linly-versions": "llm=v2-experiment" }))).toEqual({ "v2-experiment": 200 });
    expect(llmVersions(await send(200, { "x-linly-versions": "tts=v1, llm=v1-stable" }))).toEqual({
      "v1-stable": 200,
    });
  });

  test("a tester who names a version that is not there goes by weight", async () => {
    const found = llmVersions(await send(1000, { "x-linly-versions": "llm=v9" }));
    const { low, high } = expectedCount(0.1, 1000, deviations);
    expect(found["v2-experiment"]).toBeGreaterThanOrEqual(low);
    expect(found["v2-experiment"]).toBeLessThanOrEqual(high);
  });

  test("what a client writes into the carrier itself has no effect", async () => {
    const found = llmVersions(await send(1000, { baggage: "llm=v2-experiment" }));
    const { low, high } = expectedCount(0.1, 1000, deviations);
    expect(found["v2-experiment"]).toBeGreaterThanOrEqual(low);
    expect(found["v2-experiment"]).toBeLessThanOrEqual(high);
  });

  test("new dialogues go by weight, and each is told the version that it got", async () => {
    const results = await send(1000);
    const { low, high } = expectedCount(0.1, 1000, deviations);
    const found = llmVersions(results);
    expect(found["v2-experiment"]).toBeGreaterThanOrEqual(low);
    expect(found["v2-experiment"]).toBeLessThanOrEqual(high);
    for (const { cookies, path } of results) {
      const version = path.find(({ stage }) => stage === "llm")?.version ?? "";
      expect(cookies).toEqual([`linly-versions=llm.${version}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax`]);
    }
  });

  test("a dialogue keeps its version while the weights move from under it", async () => {
    const cookie = "theme=dark; linly-versions=llm.v1-stable";
    expect(llmVersions(await send(300, { cookie }))).toEqual({ "v1-stable": 300 });
    const meanwhile = await trafficDuring({ url, headers: { cookie } }, async () => {
      await applied(
        stackWith("local", (mesh) => withPins(withWeights(mesh, "llm", { "v1-stable": 0, "v2-experiment": 100 }))),
      );
      await allNewGoTo("v2-experiment");
    });
    expect(Object.keys(llmVersions(meanwhile))).toEqual(["v1-stable"]);
    expect(llmVersions(await send(300, { cookie }))).toEqual({ "v1-stable": 300 });
  });

  /** Waits until requests without a cookie all meet this version. */
  async function allNewGoTo(version: string): Promise<void> {
    for (let attempt = 1; attempt <= 100; attempt += 1) if (llmVersions(await send(100))[version] === 100) return;
    throw new Error(`new dialogues never went to ${version} alone`);
  }
});

function withPins(mesh: MeshConfig): MeshConfig {
  return {
    ...mesh,
    pins: {
      testers: { header: "x-linly-versions" },
      dialogues: { stages: ["llm"], cookie: "linly-versions", maxAge: "12h" },
    },
  };
}
