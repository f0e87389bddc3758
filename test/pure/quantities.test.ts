import { expect, test } from "vitest";
import { bytes, cores } from "../../config/quantities.ts";

test.each([
  ["500m", 0.5],
  ["2", 2],
  ["0.25", 0.25],
  ["x", Number.NaN],
])("%s is %f cores", (quantity, expected) => {
  expect(cores(quantity)).toBe(expected);
});

test.each([
  ["128", 128],
  ["64Mi", 64 * 1024 * 1024],
  ["1.5Gi", 1.5 * 1024 ** 3],
  ["2G", 2e9],
  ["5X", Number.NaN],
  ["", Number.NaN],
])("%s is %f bytes", (quantity, expected) => {
  expect(bytes(quantity)).toBe(expected);
});
