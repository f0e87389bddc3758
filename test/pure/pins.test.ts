import { describe, expect, test } from "vitest";
import { pinnedRoutes } from "../../components/traffic/canary.ts";
import { ingressRoutes, isProportional } from "../../components/traffic/ingress-routes.ts";
import { combinations, cookieValue, cookieWith, listOf, listWith } from "../../components/traffic/pins.ts";
import { inPercent, reduced } from "../../services/proportions.ts";
import { checkMesh } from "../../config/parse.ts";

const llm = {
  name: "llm",
  versions: [
    { name: "v1-stable", weight: 90 },
    { name: "v2-experiment", weight: 10 },
  ],
};
const tts = {
  name: "tts",
  versions: [
    { name: "a", weight: 75 },
    { name: "b", weight: 25 },
    { name: "old", weight: 0 },
  ],
};
const asr = { name: "asr", versions: [{ name: "v1", weight: 100 }] };
const host = "asr-service.linly.svc.cluster.local";

/** As Envoy does: the whole value. */
function matches(regex: string, value: string): boolean {
  return new RegExp(`^(?:${regex})$`).test(value);
}

describe("a list of pins", () => {
  const pin = { stage: "llm", version: "v2" };

  test.each([
    ["llm=v2", true],
    ["tts=a,llm=v2", true],
    ["llm=v2,tts=a", true],
    ["userId=7, llm=v2 ,tts=a", true],
    ["llm=v2;ttl=5", true],
    ["llm=v20", false],
    ["llm=v2-experiment", false],
    ["xllm=v2", false],
    ["other=llm=v2", false],
    ["", false],
  ])("%j holds llm=v2: %s", (text, holds) => {
    expect(matches(listWith(pin), text)).toBe(holds);
  });

  test("what is written is found again", () => {
    expect(listOf([{ stage: "tts", version: "a" }, pin])).toBe("tts=a,llm=v2");
  });
});

describe("a cookie", () => {
  const pins = [
    { stage: "llm", version: "v2" },
    { stage: "tts", version: "a" },
  ];

  test.each([
    ["linly-versions=llm.v2+tts.a", true],
    ["session=1; linly-versions=llm.v2+tts.a; x=y", true],
    ["linly-versions=llm.v2+tts.ab", false],
    ["linly-versions=llm.v2", false],
    ["linly-versions=llmxv2+tts.a", false],
    ["my-linly-versions=llm.v2+tts.a", false],
    ["linly-versions=llm.v2+tts.a+face.v1", false],
  ])("%j keeps llm v2 and tts a: %s", (header, holds) => {
    expect(matches(cookieWith("linly-versions", pins), header)).toBe(holds);
  });
});

describe("combinations", () => {
  test.each([
    [[], [["", 1]]],
    [
      [llm],
      [
        ["llm.v1-stable", 9],
        ["llm.v2-experiment", 1],
      ],
    ],
    [
      [llm, tts],
      [
        ["llm.v1-stable+tts.a", 27],
        ["llm.v1-stable+tts.b", 9],
        ["llm.v1-stable+tts.old", 0],
        ["llm.v2-experiment+tts.a", 3],
        ["llm.v2-experiment+tts.b", 1],
        ["llm.v2-experiment+tts.old", 0],
      ],
    ],
  ])("of %j", (stages, expected) => {
    expect(combinations(stages).map(({ pins, weight }) => [cookieValue(pins), weight])).toEqual(expected);
  });
});

describe("proportions", () => {
  test.each([
    [
      [90, 10],
      [9, 1],
      [90, 10],
    ],
    [
      [6750, 2250, 750, 250],
      [27, 9, 3, 1],
      [27, 9, 3, 1],
    ],
    [
      [50, 0, 50],
      [1, 0, 1],
      [50, 0, 50],
    ],
    [[7], [1], [100]],
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    [
      [33, 67],
      [33, 67],
      [33, 67],
    ],
  ])("%j in the smallest numbers and in percent", (weights, smallest, percents) => {
    expect(reduced(weights)).toEqual(smallest);
    expect(inPercent(weights)).toEqual(percents);
  });
});

describe("the gateway's routes", () => {
  test("without pins: by weight alone, and nothing of the request is changed", () => {
    expect(ingressRoutes({ entry: llm, host })).toEqual([
      {
        name: "by-weight",
        route: [
          { destination: { host, subset: "v1-stable" }, weight: 90 },
          { destination: { host, subset: "v2-experiment" }, weight: 10 },
        ],
      },
    ]);
  });

  test("testers: their header goes on as the carrier, everyone else's carrier goes no further", () => {
    const set = { request: { set: { baggage: "%REQ(x-linly-versions)%" } } };
    const byWeight = [{ destination: { host, subset: "v1" }, weight: 100 }];
    expect(ingressRoutes({ entry: asr, host, testers: { header: "x-linly-versions" } })).toEqual([
      {
        name: "tester-v1",
        match: [{ headers: { "x-linly-versions": { regex: listWith({ stage: "asr", version: "v1" }) } } }],
        headers: set,
        route: [{ destination: { host, subset: "v1" } }],
      },
      {
        name: "tester",
        match: [{ headers: { "x-linly-versions": { regex: ".+" } } }],
        headers: set,
        route: byWeight,
      },
      { name: "by-weight", headers: { request: { remove: ["baggage"] } }, route: byWeight },
    ]);
  });

  const dialogues = { cookie: "linly-versions", maxAge: "30m", stages: [llm] } as const;
  const keeps = (version: string) => ({
    request: { set: { baggage: `llm=${version}` } },
    response: {
      add: { "set-cookie": `linly-versions=llm.${version}; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax` },
    },
  });

  test("dialogues: the first request is told its version, the next ones keep it", () => {
    const routes = ingressRoutes({ entry: asr, host, dialogues });
    expect(routes.map(({ name }) => name)).toEqual([
      "dialogue-llm.v1-stable",
      "dialogue-llm.v2-experiment",
      "by-weight",
    ]);
    expect(routes[1]).toMatchObject({
      headers: keeps("v2-experiment"),
      route: [{ destination: { host, subset: "v1" } }],
    });
    expect(routes[2]?.route).toEqual([
      { destination: { host, subset: "v1" }, weight: 90, headers: keeps("v1-stable") },
      { destination: { host, subset: "v1" }, weight: 10, headers: keeps("v2-experiment") },
    ]);
  });

  test("the entry stage itself can be kept", () => {
    const routes = ingressRoutes({ entry: llm, host, dialogues });
    expect(routes[1]?.route).toEqual([{ destination: { host, subset: "v2-experiment" } }]);
    expect(routes[2]?.route.map(({ destination, weight }) => [destination.subset, weight])).toEqual([
      ["v1-stable", 90],
      ["v2-experiment", 10],
    ]);
  });

  test("an entry stage that is split but not kept multiplies the shares", () => {
    const split = { ...asr, versions: tts.versions };
    const routes = ingressRoutes({ entry: split, host, dialogues });
    expect(routes.at(-1)?.route.map(({ destination, weight }) => [destination.subset, weight])).toEqual([
      ["a", 27],
      ["b", 9],
      ["a", 3],
      ["b", 1],
    ]);
    expect(routes.map((route) => isProportional(route))).toEqual([false, false, true]);
  });

  test("a version without a share takes no new dialogue, and keeps those it has", () => {
    const routes = ingressRoutes({ entry: asr, host, dialogues: { ...dialogues, stages: [tts] } });
    expect(routes.map(({ name }) => name)).toContain("dialogue-tts.old");
    expect(JSON.stringify(routes.at(-1))).not.toContain("old");
  });
});

test("shares that multiply to more than Istio can count are a fault", () => {
  const odd = [
    { name: "a", weight: 33, image: "x/y:1" },
    { name: "b", weight: 67, image: "x/y:1" },
  ];
  const stages = ["asr", "llm", "tts", "face", "emotion"];
  const mesh = {
    mode: "chain",
    pipeline: stages,
    clusters: [{ name: "local", network: "n1", region: "r1" }],
    istio: { charts: { folder: "charts" } },
    services: Object.fromEntries(stages.map((stage) => [stage, { engine: "simulator", versions: odd }])),
    pins: { dialogues: { stages } },
  };
  const found = checkMesh(mesh).faults.map(({ path, message }) => `${path}: ${message}`);
  expect(found).toEqual([
    "pins.dialogues.stages: the shares of these stages multiply to 10,000,000,000 parts, more than Istio can count; " +
      "use rounder weights or fewer stages",
  ]);
  expect(checkMesh({ ...mesh, pins: { dialogues: { stages: stages.slice(0, 4) } } }).faults).toEqual([]);
});

test("inside, a pinned request goes to its version, also to one without a share", () => {
  expect(pinnedRoutes("tts", "tts-host", tts.versions).map(({ name, route }) => [name, route])).toEqual([
    ["pinned-a", [{ destination: { host: "tts-host", subset: "a" } }]],
    ["pinned-b", [{ destination: { host: "tts-host", subset: "b" } }]],
    ["pinned-old", [{ destination: { host: "tts-host", subset: "old" } }]],
  ]);
});

describe("faults of pins in a stack file", () => {
  const many = Array.from({ length: 7 }, (_, n) => ({ name: `v${n}`, weight: n === 0 ? 100 : 0, image: "x/y:1" }));
  const base = {
    mode: "chain",
    pipeline: ["asr", "llm"],
    clusters: [{ name: "local", network: "n1", region: "r1" }],
    istio: { charts: { folder: "charts" } },
    services: { asr: { engine: "simulator", versions: many }, llm: { versions: many } },
  };

  test.each([
    [{ dialogues: { stages: ["llm"] } }, []],
    [{ testers: {} }, []],
    [{ dialogues: { stages: [] } }, ["pins.dialogues.stages: [] is empty; it names the stages"]],
    [{ dialogues: { stages: ["lm"] } }, ['pins.dialogues.stages[0]: "lm" is not a stage of the catalogue']],
    [
      { dialogues: { stages: ["tts"] } },
      ['pins.dialogues.stages[0]: "tts" is not in the pipeline: known are asr, llm'],
    ],
    [{ dialogues: { stages: ["llm", "llm"] } }, ['pins.dialogues.stages[1]: "llm" is there twice']],
    [
      { dialogues: { stages: ["asr", "llm"] } },
      ["pins.dialogues.stages: the versions of these stages make 49 combinations (asr 7 × llm 7); at most 32"],
    ],
    [{ testers: { header: "cookie" } }, ['pins.testers.header: "cookie" is not free: it has a meaning of its own']],
    [{ testers: { header: "baggage" } }, ['pins.testers.header: "baggage" is not free: it has a meaning of its own']],
    [
      { dialogues: { stages: ["llm"], maxAge: "0s" } },
      ['pins.dialogues.maxAge: "0s" is not a time from "1m" to "8760h"'],
    ],
    [{ testers: { header: "X Y" } }, ['pins.testers.header: "X Y" is not a name in lower case']],
  ])("%j", (pins, expected) => {
    const found = checkMesh({ ...base, pins }).faults.map(({ path, message }) => `${path}: ${message}`);
    expect(found.map((fault, index) => fault.slice(0, expected[index]?.length))).toEqual(expected);
  });
});
