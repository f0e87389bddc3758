import { describe, expect, test } from "vitest";
import { durationMs } from "../../services/simulator/duration.ts";
import { latencyAt, sampleLatency } from "../../services/simulator/latency.ts";
import { seeded } from "../../services/simulator/random.ts";

const Z99 = 2.3263478740408408;

test.each([
  ["80ms", 80],
  ["1.2s", 1200],
  ["2m", 120_000],
  ["0s", 0],
  ["80", undefined],
  ["ms", undefined],
  ["-1s", undefined],
  ["1h", undefined],
  [" 1s", undefined],
])("the duration %j is %j ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each([
  // median, p99, standard deviations, milliseconds
  [80, 800, 0, 80],
  [80, 800, Z99, 800],
  [80, 800, -Z99, 8], // as far below the median as the 99th percentile is above it, as a ratio
  [80, 80, 3, 80], // no spread
  [1200, 2400, Z99, 2400],
  [0, 0, 2, 0],
])("median %d ms, 99th percentile %d ms: at %d standard deviations %d ms", (median, p99, z, ms) => {
  expect(latencyAt({ median, p99 }, z)).toBeCloseTo(ms, 6);
});

describe("10,000 draws of median 100 ms, 99th percentile 1 s", () => {
  const random = seeded(7);
  const draws = Array.from({ length: 10_000 }, () => sampleLatency({ median: 100, p99: 1000 }, random));

  // A share p of n draws has the standard deviation √(p(1−p)/n).
  test.each([
    [100, 0.5],
    [1000, 0.99],
  ])("at most %d ms: a share of %d within 5 standard deviations", (ms, share) => {
    const seen = draws.filter((draw) => draw <= ms).length / draws.length;
    expect(Math.abs(seen - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / draws.length));
  });

  test("the same seed gives the same draws", () => {
    const again = seeded(7);
    expect(draws.slice(0, 3)).toEqual(draws.slice(0, 3).map(() => sampleLatency({ median: 100, p99: 1000 }, again)));
  });
});
