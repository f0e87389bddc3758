import { expect, test } from "vitest";
import { inReleaseOrder } from "../../bench/by-hand/release-order.ts";
import { clustersAndPairs } from "../../bench/cases.ts";
import { formatSpread, spreadOf, steepening } from "../../bench/spread.ts";

test.each([
  [[3, 1, 2], { min: 1, median: 2, max: 3 }],
  [[4, 1, 2, 3], { min: 1, median: 2.5, max: 4 }],
  [[10, 9], { min: 9, median: 9.5, max: 10 }],
  [[7], { min: 7, median: 7, max: 7 }],
])("the spread of %j", (values, expected) => {
  expect(spreadOf(values)).toEqual(expected);
});

test("nothing has no spread", () => {
  expect(() => spreadOf([])).toThrow(RangeError);
});

test("a spread is written with its median first", () => {
  expect(formatSpread({ min: 1.104, median: 1.2, max: 1.449 }, 2)).toBe("1.20 (1.10–1.45)");
});

test.each([
  ["linear", [1.4, 3, 11], 1],
  ["flatter", [1.4, 3, 7], 0.5],
  ["quadratic", [0.16, 4, 100], 5],
])("growth that is %s", (_, [a = 0, b = 0, c = 0], expected) => {
  expect(
    steepening([
      { size: 4, value: a },
      { size: 20, value: b },
      { size: 100, value: c },
    ]),
  ).toBeCloseTo(expected);
});

test.each([
  [["istio-ingress", "istiod", "istio-base"], "istio-base, istiod, istio-ingress"],
  [["istio-cni", "cert-manager"], "cert-manager, istio-cni"],
  [[], ""],
])("the releases %j are installed in the order %j", (names, expected) => {
  const ordered = inReleaseOrder(names.map((name) => ({ name })));
  expect(ordered.map(({ name }) => name).join(", ")).toBe(expected);
});

test("a release of which no order is known is named", () => {
  const releases = ["istiod", "kiali", "loki"].map((name) => ({ name }));
  expect(() => inReleaseOrder(releases)).toThrow("no order is known for the releases kiali, loki");
});

test.each([
  [2, "clusters", 3],
  [50, "clusters", 99],
  [2, "primaries", 4],
  [50, "primaries", 2500],
] as const)("%i %s are %i clusters and pairs", (count, what, expected) => {
  expect(clustersAndPairs(count, what)).toBe(expected);
});
