import { describe, expect, test } from "vitest";
import { checkMesh } from "../../config/parse.ts";
import { durationOf, seconds } from "../../services/duration.ts";
import { limitsOf, limitsOfCallers, type GivenLimits, type Limits } from "../../services/limits.ts";
import { planPipeline } from "../../services/plan.ts";
import { repeatableRoutes } from "../../services/repeatable.ts";

test.each<[GivenLimits, Limits[], Limits]>([
  [{}, [], { realtime: 120, offline: 120 }],
  [{ realtime: "5s" }, [], { realtime: 5, offline: 120 }],
  [{ realtime: "5m" }, [], { realtime: 300, offline: 300 }],
  [{ realtime: "5s", offline: "250ms" }, [], { realtime: 5, offline: 0.25 }],
  // What it calls may be given up before it is.
  [{}, [{ realtime: 30, offline: 600 }], { realtime: 120, offline: 601 }],
  [{}, [{ realtime: 120, offline: 120 }], { realtime: 121, offline: 121 }],
  [
    {},
    [
      { realtime: 150, offline: 150 },
      { realtime: 140, offline: 160 },
    ],
    { realtime: 151, offline: 161 },
  ],
  [{ realtime: "5s" }, [{ realtime: 300, offline: 300 }], { realtime: 5, offline: 301 }],
])("an engine of 120 s with %j that calls %j: %j", (given, called, expected) => {
  expect(limitsOf({ longestRequestSeconds: 120 }, given, called)).toEqual(expected);
});

test.each<[number, number, number]>([
  [150, 200, 151],
  [150, 150.5, 150.5],
  [150, 150, 150],
  // What does not fit is not cut: that is for the stack to mend.
  [150, 100, 150],
])("one that calls what takes %d s, for a caller that waits %d s: %d s", (called, within, expected) => {
  const both = (length: number) => ({ realtime: length, offline: length });
  expect(limitsOf({ longestRequestSeconds: 120 }, {}, [both(called)], both(within))).toEqual(both(expected));
});

test("callers of which the stack says nothing pass on what binds them", () => {
  const edges = [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
    { from: "other", to: "c" },
  ];
  const given: Record<string, GivenLimits> = { a: { realtime: "20s" }, other: { realtime: "25s", offline: "9s" } };
  expect(limitsOfCallers("c", edges, (stage) => given[stage])).toEqual({ realtime: 20, offline: 9 });
  expect(limitsOfCallers("b", edges, (stage) => given[stage])).toEqual({ realtime: 20, offline: Infinity });
  expect(limitsOfCallers("a", edges, (stage) => given[stage])).toEqual({ realtime: Infinity, offline: Infinity });
});

test.each([
  [30, "30s"],
  [0.25, "250ms"],
  [1.5, "1500ms"],
] as const)("%d seconds are written %s", (length, text) => {
  expect(durationOf(length)).toBe(text);
  expect(seconds(text)).toBe(length);
});

const image = "registry.example.com/x:1";
const service = { engine: "simulator", versions: [{ name: "v1", weight: 100, image }] } as const;

describe("routes that may be sent twice", () => {
  const plan = (pipeline: ("asr" | "emotion" | "llm")[], engine?: "simulator") =>
    planPipeline({
      mode: "chain",
      pipeline,
      services: { asr: { engine }, emotion: { engine }, llm: { engine } },
    }).services;
  const paths = (...args: Parameters<typeof repeatableRoutes>) => repeatableRoutes(...args).map(({ path }) => path);

  test("are the engine's where it answers by itself", () => {
    expect(paths("asr", plan(["asr", "llm"]))).toEqual(["/v1/audio/transcriptions", "/v1/audio/translations"]);
    expect(paths("llm", plan(["asr", "llm"]))).toEqual([]);
  });

  test("are none where the call goes on to a stage that generates, at whatever depth", () => {
    expect(paths("asr", plan(["asr", "llm"], "simulator"))).toEqual([]);
    expect(paths("asr", plan(["asr", "emotion", "llm"], "simulator"))).toEqual([]);
    expect(paths("asr", plan(["asr", "emotion"], "simulator"))).toContain("/v1/audio/transcriptions");
  });
});

describe("timeouts in a stack file", () => {
  const mesh = (asr: object, llm: object) => ({
    mode: "chain",
    pipeline: ["asr", "llm"],
    clusters: [{ name: "a", context: "a", network: "n", region: "r", kubernetesVersion: "1.34" }],
    istio: { charts: { folder: "charts" } },
    addons: { gpuDevicePlugin: { install: false } },
    telemetry: { metrics: { source: "stage" } },
    services: { asr: { ...service, ...asr }, llm: { ...service, ...llm } },
  });

  test.each<[string, object, object, string[]]>([
    ["none", {}, {}, []],
    ["that fit", { timeouts: { realtime: "8s" } }, { timeouts: { realtime: "8s" } }, []],
    ["longer for the called stage, which the caller follows", {}, { timeouts: { realtime: "2m", offline: "1h" } }, []],
    [
      "of a caller that gives up first, in one class",
      { timeouts: { realtime: "8s" } },
      {},
      [
        "services.llm.timeouts.realtime: asr is given up after 8s, while llm, which it calls, may take 30s: " +
          "set at most 8s here, or more for services.asr.timeouts.realtime",
      ],
    ],
    [
      "of a caller that gives up first, in both",
      { timeouts: { realtime: "800ms", offline: "1m" } },
      { timeouts: { realtime: "1s", offline: "2m" } },
      [
        "services.llm.timeouts.realtime: asr is given up after 800ms, while llm, which it calls, may take 1s: " +
          "set at most 800ms here, or more for services.asr.timeouts.realtime",
        "services.llm.timeouts.offline: asr is given up after 60s, while llm, which it calls, may take 120s: " +
          "set at most 60s here, or more for services.asr.timeouts.offline",
      ],
    ],
    ["with tries that fit", { retries: { attempts: 2, perTryTimeout: "10s" } }, {}, []],
    [
      "with a time for each of no further tries",
      { retries: { attempts: 0, perTryTimeout: "2s" } },
      {},
      [
        "services.asr.retries.perTryTimeout: has no meaning with attempts: 0, where a request has the one try: " +
          "set timeouts.realtime",
      ],
    ],
    [
      "with tries that do not",
      { retries: { perTryTimeout: "11s" } },
      {},
      [
        "services.asr.retries.perTryTimeout: 3 tries of 11s do not fit into 31s, the time of a request: " +
          "try fewer times or for less time each, or raise timeouts.realtime",
      ],
    ],
    [
      "with connections that take longer than there is time for",
      { timeouts: { connect: "10s" } },
      { timeouts: { connect: "10.001s" } },
      [
        "services.llm.timeouts.connect: 3 tries of 10.001s do not fit into 30s, the time of a request: " +
          "try fewer times or for less time each, or raise timeouts.realtime",
      ],
    ],
    [
      "that are none",
      { timeouts: { realtime: "0s" } },
      { retries: { perTryTimeout: "0.5ms", retryOn: ["timeout"], attempts: -1 } },
      [
        'services.asr.timeouts.realtime: "0s" is not a time from "1ms" to "8760h" in whole milliseconds',
        "services.llm.retries.attempts: -1 is not a whole number from 0 to 10",
        'services.llm.retries.retryOn[0]: "timeout" is not a condition: gateway-error',
        'services.llm.retries.perTryTimeout: "0.5ms" is not a time from "1ms" to "8760h" in whole milliseconds',
      ],
    ],
  ])("%s", (_, asr, llm, expected) => {
    const found = checkMesh(mesh(asr, llm)).faults.map(({ path, message }) => `${path}: ${message}`);
    expect(found.map((fault, index) => fault.slice(0, expected[index]?.length))).toEqual(expected);
  });
});
