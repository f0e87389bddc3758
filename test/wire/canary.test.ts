import { beforeAll, expect, test } from "vitest";
import { countVersions, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { stackWith, withWeights } from "../support/stack.ts";
import { trafficDuring } from "../support/traffic.ts";

/** Requests after a move that are judged for the new shares. */
const judged = 2000;
const deviations = 5;

describeOnLab("moving weights under load", () => {
  let url: string;

  beforeAll(async () => {
    ({ url } = await localMesh());
  });

  test.each([
    { "v1-stable": 50, "v2-experiment": 50 },
    { "v1-stable": 0, "v2-experiment": 100 },
    { "v1-stable": 90, "v2-experiment": 10 },
  ])("to %j: no request fails, and the shares follow", async (weights) => {
    const { during, after } = await moveUnderLoad(url, weights);

    expect(during.length).toBeGreaterThan(0);
    expect([...during, ...after].filter(({ failure }) => failure !== undefined)).toEqual([]);

    const total = after.length;
    const canary = countVersions(visitsOf(after, "llm")).get("v2-experiment") ?? 0;
    const { low, high } = expectedCount(weights["v2-experiment"] / 100, total, deviations);
    expect(total).toBe(judged);
    expect(canary).toBeGreaterThanOrEqual(low);
    expect(canary).toBeLessThanOrEqual(high);
  });

  test("traffic leaves a version that does not come up, while up still waits for it", async () => {
    const stop = new AbortController();
    const program = stackWith("local", (mesh) => withBrokenCanary(mesh, { "v1-stable": 100, "v2-experiment": 0 }));
    const running = applied(program, { signal: stop.signal });
    const ended = running.then(
      () => "completed",
      () => "stopped",
    );
    await routeInForce(url, { "v1-stable": 100, "v2-experiment": 0 });
    stop.abort();
    expect(await ended).toBe("stopped");

    const results = await load({ url, concurrency: 16, timeout: 60_000 }, (sent) => sent >= 200);
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect([...countVersions(visitsOf(results, "llm")).keys()]).toEqual(["v1-stable"]);
  });
});

/** The local stack with a second llm version that never becomes ready, and the weights given. */
function withBrokenCanary(mesh: MeshConfig, weights: Record<string, number>): MeshConfig {
  const moved = withWeights(mesh, "llm", weights);
  const { llm } = moved.services;
  if (llm === undefined) throw new Error("the local stack has no llm");
  const versions = llm.versions.map((version) =>
    version.name === "v2-experiment"
      ? { ...version, env: { ...version.env, LATENCY_MEDIAN: "not a duration" } }
      : version,
  );
  return { ...moved, services: { ...moved.services, llm: { ...llm, versions } } };
}

/**
 * Moves the weights of llm while requests go on. `during` are those sent until the new route was seen at
 * work, `after` the `judged` next ones.
 */
async function moveUnderLoad(
  url: string,
  weights: Record<string, number>,
): Promise<{ during: Result[]; after: Result[] }> {
  const during = await trafficDuring({ url }, async () => {
    await applied(stackWith("local", (mesh) => withWeights(mesh, "llm", weights)));
    await routeInForce(url, weights);
  });
  return { during, after: await load({ url, concurrency: 16, timeout: 60_000 }, (sent) => sent >= judged) };
}

/**
 * Waits until the caller's sidecar has the new route: a sample whose shares are within four standard deviations of it.
 * Each sample is sent whole after the change was applied, so old and new weights do not mix in the judged requests.
 */
async function routeInForce(url: string, weights: Record<string, number>): Promise<void> {
  const share = (weights["v2-experiment"] ?? 0) / 100;
  const sample = 400;
  const { low, high } = expectedCount(share, sample, 4);
  for (let attempt = 1; attempt <= 50; attempt += 1) {
    const results = await load({ url, concurrency: 16, timeout: 60_000 }, (sent) => sent >= sample);
    const canary = countVersions(visitsOf(results, "llm")).get("v2-experiment") ?? 0;
    if (canary >= low && canary <= high) return;
  }
  throw new Error(`the route never came into force: ${JSON.stringify(weights)}`);
}
