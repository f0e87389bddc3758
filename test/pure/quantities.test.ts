import { expect, test } from "vitest";
import { bytes, cores, retentionSeconds, seconds } from "../../config/quantities.ts";

test.each([
  ["500m", 0.5],
  ["2", 2],
  ["0.25", 0.25],
  ["x", Number.NaN],
  ["1e30", Number.NaN],
])("%s is %f cores", (quantity, expected) => {
  expect(cores(quantity)).toBe(expected);
});

test.each([
  ["128", Number.NaN],
  ["64k", 64_000],
  ["64Mi", 64 * 1024 * 1024],
  ["1.5Gi", 1.5 * 1024 ** 3],
  ["2G", 2e9],
  ["5X", Number.NaN],
  ["", Number.NaN],
])("%s is %f bytes", (quantity, expected) => {
  expect(bytes(quantity)).toBe(expected);
});

test.each([
  ["250ms", 0.25],
  ["2s", 2],
  ["1.5m", 90],
  ["1h", 3600],
] as const)("%s is %f seconds", (duration, expected) => {
  expect(seconds(duration)).toBe(expected);
});

test.each([
  ["1h", 3600],
  ["7d", 604_800],
  ["2w", 1_209_600],
  ["1y", 31_536_000],
  ["7", Number.NaN],
])("%s of retention is %f seconds", (text, expected) => {
  expect(retentionSeconds(text)).toBe(expected);
});
