import { describe, expect, test } from "vitest";
import { expectedCount, percentile, wilson } from "../../cli/demo/statistics.ts";

describe("wilson", () => {
  test.each([
    // hits, total, low, high: the interval's closed form, worked out by hand for z = 1.96
    [0, 0, 0, 1],
    [0, 10, 0, 0.2775],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
    [100, 1000, 0.0829, 0.1201],
  ])("%i of %i lies between %f and %f", (hits, total, low, high) => {
    const share = wilson(hits, total);
    expect(share.low).toBeCloseTo(low, 3);
    expect(share.high).toBeCloseTo(high, 3);
  });
});

test.each([
  [0.1, 2000, 5, 132, 268],
  [0.5, 100, 2, 40, 60],
  [0, 1000, 5, 0, 0],
  [1, 1000, 5, 1000, 1000],
])("a share of %f in %i requests at %i deviations: %i to %i", (probability, total, deviations, low, high) => {
  expect(expectedCount(probability, total, deviations)).toEqual({ low, high });
});

test.each([
  [[], 50, Number.NaN],
  [[7], 99, 7],
  [[1, 2, 3, 4], 50, 2],
  [[4, 3, 2, 1], 99, 4],
  [Array.from({ length: 100 }, (_, index) => index + 1), 99, 99],
])("percentile of %j at %i", (values, percent, expected) => {
  expect(percentile(values, percent)).toBe(expected);
});
