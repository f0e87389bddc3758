import { describe, expect, test } from "vitest";
import type { Result } from "../../cli/demo/load.ts";
import { brokenPromises, lossRows, type Loss } from "../../cli/demo/region-loss.ts";
import { latencyRows, servedRows, servedWhollyIn, shareOf } from "../../cli/demo/regions.ts";
import { timeline, type Sample } from "../../cli/demo/timeline.ts";

const clusters = ["north", "east"];
const stages = ["asr", "llm"];
const clusterOf = (pod: string) => clusters.find((cluster) => pod.startsWith(cluster));

/** A request that these clusters served, stage by stage. */
function servedIn(...places: readonly string[]): Result {
  const path = places.map((place, index) => {
    return { stage: stages[index] ?? "", version: "v1", pod: `${place}-${index}`, node: "cpu-1", ms: 1 };
  });
  return { ms: 10, path, failure: undefined, cookies: [] };
}

const failed: Result = { ms: 5000, path: [], failure: "503 no healthy upstream", cookies: [] };

test("for each stage and region, who served it", () => {
  const of = [
    { users: "north", results: [servedIn("north", "north")] },
    {
      users: "east",
      results: [...Array.from({ length: 3 }, () => servedIn("east", "east")), servedIn("east", "north")],
    },
    { users: "west", results: [failed, servedIn("elsewhere", "north")] },
  ];
  expect(servedRows(of, stages, clusters, clusterOf)).toEqual([
    ["asr", "north", "100.0 %", "0.0 %"],
    ["asr", "east", "0.0 %", "100.0 %"],
    ["asr", "west", "0.0 %", "0.0 %"],
    ["llm", "north", "100.0 %", "0.0 %"],
    ["llm", "east", "25.0 %", "75.0 %"],
    ["llm", "west", "100.0 %", "0.0 %"],
  ]);
});

test.each<[string, Result, boolean]>([
  ["all of it", servedIn("east", "east"), true],
  ["one stage elsewhere", servedIn("east", "north"), false],
  ["by a pod that nobody knows", servedIn("east", "elsewhere"), false],
  ["it failed", failed, false],
])("served wholly at home: %s", (_, result, expected) => {
  expect(servedWhollyIn("east", result, clusterOf)).toBe(expected);
});

test("times are those of requests that were answered", () => {
  const results = [1, 2, 3, 4].map((ms) => ({ ...servedIn("north", "north"), ms }));
  expect(latencyRows([{ users: "north", results: [...results, failed] }])).toEqual([
    ["north", "2.0 ms", "4.0 ms", "4.0 ms"],
  ]);
});

test.each([
  [1, 8, "12.5 %"],
  [0, 8, "0.0 %"],
  [0, 0, "–"],
])("%i of %i is %s", (part, all, text) => {
  expect(shareOf(part, all)).toBe(text);
});

function sample(users: string, entrance: string, began: number, ended: number, result: Result): Sample {
  return { users, entrance, began, ended, result };
}

const [north, east, across] = [servedIn("north", "north"), servedIn("east", "east"), servedIn("east", "north")];
const loss: Loss = { region: "east", lostAt: 1, underWay: 2, movedAt: 3, givenBackAt: 4, returnedAt: 5 };
const lost: Sample[] = [
  ...[0, 1, 2, 3, 4, 5, 6].map((second) => sample("north", "north", second, second + 0.1, north)),
  sample("east", "east", 0, 0.5, east),
  sample("east", "east", 0.9, 2.5, failed),
  sample("east", "east", 2.4, 2.6, failed),
  sample("east", "north", 3.1, 3.3, north),
  sample("east", "north", 4.2, 4.4, north),
  sample("east", "east", 5.1, 5.2, across),
  sample("east", "east", 5.3, 5.4, east),
  sample("east", "east", 6.1, 6.2, east),
];

test("a loss second by second", () => {
  const marks = [
    { at: 1, text: "east is lost" },
    { at: 5.9, text: "its users come in at home" },
  ];
  expect(timeline(lost, stages, clusters, marks, clusterOf).join("\n")).toBe(
    `
                0
  users of north
    came in at  NNNNNNN
    asr         NNNNNNN
    llm         NNNNNNN
    failed      ·······
  users of east
    came in at  E·ENNEE
    asr         E··NNEE
    llm         E··NN*E
    failed      ··2····
                 ↑ east is lost
                     ↑ its users come in at home

  N north, E east, * some here, some there, · none ended in that second`.slice(1),
  );
});

test("clusters that begin with one letter are told apart; pods that nobody knows are a question", () => {
  const unknown = [sample("east", "east", 0, 0.5, servedIn("gone", "gone"))];
  const lines = timeline(unknown, ["asr"], ["east", "east-2"], [], clusterOf);
  expect(lines.filter((line) => /asr|came in/.test(line)).map((line) => line.trim().split(/\s{2,}/))).toEqual([
    ["came in at", "A"],
    ["asr", "?"],
    ["came in at", "·"],
    ["asr", "·"],
  ]);
  expect(lines.at(-1)).toContain("A east, B east-2");
});

test("every ten seconds have their number, and more than nine failures are a plus", () => {
  const many = Array.from({ length: 12 }, () => sample("east", "east", 20, 21.5, failed));
  const lines = timeline(many, [], clusters, [], clusterOf);
  expect(lines[0]?.trim()).toBe("0         10        20");
  expect(
    lines
      .filter((line) => line.includes("failed"))
      .at(-1)
      ?.trim(),
  ).toBe(`failed      ${"·".repeat(21)}+`);
});

test("the stretches of a loss", () => {
  expect(lossRows(lost, loss, clusters, clusterOf)).toEqual([
    ["before", "north", 1, 0, "100.0 %", "0.0 %"],
    ["before", "east", 1, 0, "0.0 %", "100.0 %"],
    ["while it is lost", "north", 4, 0, "100.0 %", "0.0 %"],
    ["while it is lost", "east", 4, 2, "100.0 %", "0.0 %"],
    ["given back", "north", 2, 0, "100.0 %", "0.0 %"],
    ["given back", "east", 3, 0, "0.0 %", "66.7 %"],
  ]);
});

describe("what may fail", () => {
  test("requests that came in at the lost region", () => {
    expect(brokenPromises(lost, loss)).toEqual([]);
  });

  test.each<[string, Sample]>([
    ["another region's", sample("north", "north", 2, 2.5, failed)],
    ["one that ended before the loss", sample("east", "east", 0.1, 0.9, failed)],
    ["one that came in elsewhere", sample("east", "north", 3.1, 3.5, failed)],
    ["one after the return", sample("east", "east", 5.5, 5.6, failed)],
  ])("not %s", (_, one) => {
    expect(brokenPromises([...lost, one], loss)).toEqual(["503 no healthy upstream"]);
  });
});
