import { describe, expect, test } from "vitest";
import type { Block, LoadName, Sample } from "../../bench/overhead/blocks.ts";
import { estimate, formatEstimate, median, shuffled } from "../../bench/overhead/confidence.ts";
import { addedPerHop, judged, middle } from "../../bench/overhead/figures.ts";
import { defaultValues, moved } from "../../bench/overhead/setups.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { projectDir } from "../../cli/project.ts";
import { seeded } from "../../services/simulator/random.ts";

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
  [[], Number.NaN],
])("the middle of %j is %d", (values, expected) => expect(median(values)).toBe(expected));

describe("an interval of confidence", () => {
  test("of blocks that are all the same is the value", () => {
    expect(estimate([5, 5, 5], median, seeded(1))).toEqual({ value: 5, low: 5, high: 5 });
  });

  test("holds the true value as often as it says", () => {
    const random = seeded(2);
    const experiments = 400;
    // Sums of uniform draws, of which the middle is 6.
    const draw = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, 0);
    const held = Array.from({ length: experiments }, () => {
      const { low, high } = estimate(Array.from({ length: 20 }, draw), median, random);
      return low <= 6 && 6 <= high;
    }).filter(Boolean).length;
    // 95 % with five standard deviations to each side.
    const half = 5 * Math.sqrt(experiments * 0.95 * 0.05);
    expect(held).toBeGreaterThan(experiments * 0.95 - half);
    expect(held).toBeLessThanOrEqual(experiments);
    expect(held).toBeLessThan(experiments); // an interval that always holds it would say nothing
  });

  test("is narrower the more blocks there are", () => {
    const widthOf = (count: number) => {
      const random = seeded(3);
      const { low, high } = estimate(Array.from({ length: count }, random), median, random);
      return high - low;
    };
    expect(widthOf(320)).toBeLessThan(widthOf(20) / 2);
  });

  test("of nothing there is none", () => {
    expect(() => estimate([], median, seeded(1))).toThrow(RangeError);
  });

  test("is written behind its value", () => {
    expect(formatEstimate({ value: 0.707, low: 0.661, high: 0.78 }, 2)).toBe("0.71 (0.66–0.78)");
  });
});

test("an order by chance has everything once, and each order comes up", () => {
  const random = seeded(4);
  const orders = Array.from({ length: 600 }, () => shuffled(["a", "b", "c"], random).join(""));
  const counts = Map.groupBy(orders, (order) => order);
  expect([...counts.keys()].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  const half = 5 * Math.sqrt(600 * (1 / 6) * (5 / 6));
  for (const [order, { length }] of counts) expect(Math.abs(length - 100), order).toBeLessThan(half);
});

/** A block in which every load takes so long, with a bit more in each setup that has sidecars. */
function blockOf(base: number, added: { defaults: number; ours: number; layer4: number }): Block {
  const sample = (more: number, load: LoadName): Sample => {
    const took = base + more * (load === "chain" ? 3 : 1);
    return { p50: took, p90: 2 * took, p99: 4 * took, rate: 1e6 / took, cpu: more };
  };
  const samples = (more: number) => ({
    one: sample(more, "one"),
    open: sample(more, "open"),
    eight: sample(more, "eight"),
    chain: sample(more, "chain"),
  });
  return {
    without: samples(0),
    defaults: samples(added.defaults),
    ours: samples(added.ours),
    layer4: samples(added.layer4),
  };
}

describe("figures", () => {
  // The machine is slower in every other block: what is taken within blocks does not see it.
  const blocks = [100, 900, 100, 900, 100].map((base) => blockOf(base, { defaults: 400, ours: 200, layer4: 50 }));

  test("what is added is taken within blocks, and for each hop", () => {
    expect(addedPerHop(blocks, "defaults", "one", "p50")).toBe(400);
    expect(addedPerHop(blocks, "ours", "one", "p99")).toBe(800);
    expect(addedPerHop(blocks, "ours", "chain", "p50")).toBe(200);
    expect(middle(blocks, "layer4", "open", "cpu")).toBe(50);
  });

  test("half of what Istio's defaults add is within the targets", () => {
    const verdicts = judged(blocks, seeded(5));
    expect(verdicts.map(({ what, isMet }) => [what, isMet])).toEqual([
      ["added P99, one client", true],
      ["added P99, 500 requests a second", true],
      ["added P99, eight clients", true],
      ["CPU of sidecars per request, one client", true],
      ["CPU of sidecars per request, 500 requests a second", true],
      ["CPU of sidecars per request, eight clients", true],
      // (100 + 400) / (100 + 200) with three of five blocks, (900 + 400) / (900 + 200) with the others.
      ["requests/s, eight clients", false],
    ]);
    expect(verdicts[0]?.ratio).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
    expect(verdicts[0]?.layer4).toEqual({ value: 0.125, low: 0.125, high: 0.125 });
  });

  test("a target within the interval is not met", () => {
    const unsure = [100, 200, 250, 300, 390].map((ours) => blockOf(100, { defaults: 400, ours, layer4: 0 }));
    const [verdict] = judged(unsure, seeded(6));
    expect(verdict?.ratio.value).toBeCloseTo(250 / 400);
    expect(verdict?.isMet).toBe(false);
  });
});

describe("Istio's defaults", () => {
  const { mesh } = readStackFile(projectDir, "local");

  test("are the chart's, but for who the cluster is and what the lab needs", () => {
    const values = defaultValues(mesh);
    expect(Object.keys(values).sort()).toEqual(
      ["autoscaleEnabled", "cni", "env", "global", "resources", "revision", "seccompProfile", "telemetry"].sort(),
    );
    // Of sidecars it sets nothing but what the scheduler is asked for.
    expect(values).toHaveProperty("global.proxy", { resources: { requests: { cpu: "10m", memory: "64Mi" } } });
    expect(values).not.toHaveProperty("meshConfig");
  });

  test("the pipeline in another namespace is the same but for its name", () => {
    const objects = [
      {
        kind: "Deployment",
        metadata: { name: "asr", namespace: "linly" },
        url: "http://llm-service.linly.svc.cluster.local",
      },
      { kind: "Sidecar", metadata: { name: "asr", namespace: "linly" } },
    ];
    expect(moved(objects, "defaults")).toEqual([
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "bench-defaults", labels: { "istio.io/rev": "defaults" } },
      },
      {
        kind: "Deployment",
        metadata: { name: "asr", namespace: "bench-defaults" },
        url: "http://llm-service.bench-defaults.svc.cluster.local",
      },
    ]);
    expect(moved(objects, "without")[0]).toMatchObject({ metadata: { labels: {} } });
  });
});
