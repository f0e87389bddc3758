import { expect, test } from "vitest";
import { boundsOf, overlaps } from "../../services/cidr.ts";

test.each<[string, { first: number; last: number } | undefined]>([
  ["0.0.0.0/0", { first: 0, last: 2 ** 32 - 1 }],
  ["0.0.1.0/24", { first: 256, last: 511 }],
  // What stands right of the prefix is no part of the range.
  ["0.0.1.77/24", { first: 256, last: 511 }],
  ["0.0.0.7/32", { first: 7, last: 7 }],
  ["255.255.255.255/31", { first: 2 ** 32 - 2, last: 2 ** 32 - 1 }],
  ["10.0.0.0", undefined],
  ["10.0.0/8", undefined],
  ["10.0.0.256/8", undefined],
  ["10.0.0.0/33", undefined],
  ["fd00::/8", undefined],
])("%s has %j", (cidr, bounds) => {
  expect(boundsOf(cidr)).toEqual(bounds);
});

test.each<[string, string, boolean]>([
  ["10.0.0.0/16", "10.0.0.0/16", true],
  ["10.0.0.0/8", "10.200.3.0/24", true],
  ["10.0.0.0/16", "10.1.0.0/16", false],
  ["10.0.0.0/15", "10.1.0.0/16", true],
  ["10.0.255.255/32", "10.0.0.0/16", true],
  ["10.1.0.0/32", "10.0.0.0/16", false],
  ["0.0.0.0/0", "255.255.255.255/32", true],
  ["128.0.0.0/1", "127.255.255.255/32", false],
  ["nonsense", "0.0.0.0/0", false],
])("%s and %s overlap: %s", (one, other, expected) => {
  expect(overlaps(one, other)).toBe(expected);
  expect(overlaps(other, one)).toBe(expected);
});
