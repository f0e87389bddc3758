import { expect, test } from "vitest";
import { longest, timesOf } from "../support/times.ts";

const begun = 10_000;
const files = [
  { name: "/here/test/wire/b.test.ts", endTime: 50_000 },
  { name: "/here/test/wire/a.test.ts", endTime: 30_000 },
];

test("a file takes the time from the end of the one before, the first from the beginning", () => {
  expect(timesOf(files, begun, "/here")).toEqual([
    { name: "test/wire/a.test.ts", seconds: 20 },
    { name: "test/wire/b.test.ts", seconds: 20 },
  ]);
});

test("one whose tests were all skipped takes none, and none from the next", () => {
  const skipped = { name: "/here/test/wire/c.test.ts", endTime: 0 };
  expect(timesOf([...files, skipped], begun, "/here").map(({ seconds }) => seconds)).toEqual([0, 20, 20]);
});

test("the longest are told first, and no more than asked for", () => {
  const spent = [
    { name: "a", seconds: 1 },
    { name: "b", seconds: 120.4 },
    { name: "c", seconds: 30 },
  ];
  expect(longest(spent, 2)).toEqual(["   120 s  b", "    30 s  c"]);
});
