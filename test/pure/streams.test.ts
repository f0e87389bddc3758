import { describe, expect, test } from "vitest";
import { valuesOf } from "../../components/istio/values.ts";
import { entryFinishSeconds, gracePeriodSeconds } from "../../components/service/drain.ts";
import { idlePatches } from "../../components/traffic/stream-idle.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { planPipeline } from "../../services/plan.ts";
import { standing } from "../../services/standing.ts";
import {
  streamLimitsOf,
  type CalledLimits,
  type GivenStreamLimits,
  type StreamLimits,
} from "../../services/stream-limits.ts";

const called = (idle: number, longest = idle, realtime = 5) => ({
  limits: { realtime, offline: realtime },
  streams: { idle, longest, ownSilence: true },
});

test.each<[GivenStreamLimits, CalledLimits[], StreamLimits]>([
  [{}, [], { idle: 120, longest: 120, ownSilence: true }],
  [{ idleTimeout: "30s" }, [], { idle: 30, longest: 120, ownSilence: true }],
  [{ longest: "1h" }, [], { idle: 120, longest: 3600, ownSilence: true }],
  [{ idleTimeout: "1500ms", longest: "90s" }, [], { idle: 1.5, longest: 90, ownSilence: true }],
  [{}, [called(20, 3600)], { idle: 120, longest: 3600, ownSilence: true }],
  [{ longest: "5m" }, [called(600, 3600)], { idle: 601, longest: 300, ownSilence: true }],
  // Who falls silent can't be told where a caller gives up no later than the one that it calls.
  [{ idleTimeout: "30s" }, [called(20), called(30)], { idle: 30, longest: 120, ownSilence: false }],
  [{ idleTimeout: "30s" }, [called(20), called(29)], { idle: 30, longest: 120, ownSilence: true }],
  [{ idleTimeout: "30s" }, [called(20, 20, 30)], { idle: 30, longest: 120, ownSilence: false }],
])("requests of 5 s, offline 120 s, with %j, calling %j: %j", (given, called, expected) => {
  expect(streamLimitsOf({ realtime: 5, offline: 120 }, given, called)).toEqual(expected);
});

test.each([
  [{}, 15 + 120 + 10],
  [{ longest: "10m" }, 15 + 600 + 10],
  [{ longest: "5.5s" }, 15 + 120 + 10],
  [{ longest: "120.5s" }, 15 + 121 + 10],
] as const)("with streams of %j a pod gets %i s to end", (given, grace) => {
  const stage = standing("llm", "vllm");
  expect(gracePeriodSeconds({ ...stage, streams: streamLimitsOf(stage.limits, given) })).toBe(grace);
});

describe("along the pipeline", () => {
  const plan = planPipeline({
    mode: "chain",
    pipeline: ["asr", "llm", "tts"],
    services: {
      asr: { engine: "simulator", streams: { idleTimeout: "3s" } },
      llm: { engine: "simulator", streams: { longest: "10m" } },
      tts: { engine: "simulator" },
    },
  });

  test("a stage waits for streams as long as those that it may pass on", () => {
    expect(plan.services.map(({ stage }) => [stage.name, stage.streams])).toEqual([
      ["asr", { idle: 3, longest: 600, ownSilence: false }],
      ["llm", { idle: 31, longest: 600, ownSilence: true }],
      ["tts", { idle: 30, longest: 30, ownSilence: true }],
    ]);
  });

  test("the gateway waits as long as the entry stage", () => {
    expect(entryFinishSeconds(plan)).toBe(600);
    const { istio } = parseMesh(mesh({}), "s");
    const cluster = { name: "c", network: "n", region: "r" };
    const values = valuesOf("gateway", { istio, finishSeconds: entryFinishSeconds(plan) }, cluster);
    expect(values).toMatchObject({
      podAnnotations: {
        "proxy.istio.io/config":
          '{"drainDuration":"900s","proxyMetadata":{"EXIT_ON_ZERO_ACTIVE_CONNECTIONS":"true","MINIMUM_DRAIN_DURATION":"5s"}}',
      },
      terminationGracePeriodSeconds: 615,
    });
  });
});

describe("the bound on silence", () => {
  const route = [{ destination: { host: "llm" } }];
  const http = [
    { name: "pinned-v1-stream", route },
    { name: "pinned-v1", timeout: "30s" as const, route },
    { name: "by-weight-stream", route },
  ];

  test("is laid on the routes without a timeout, at every host", () => {
    const patch = (domainName: string, name: string) => ({
      applyTo: "HTTP_ROUTE",
      match: { context: "GATEWAY", routeConfiguration: { vhost: { domainName, route: { name } } } },
      patch: { operation: "MERGE", value: { route: { idle_timeout: "1.5s" } } },
    });
    const bound = { idle: 1.5, ownSilence: false };
    expect(idlePatches("GATEWAY", { hosts: ["*", "Talk.example.com"], http }, bound)).toEqual([
      patch("*", "pinned-v1-stream"),
      patch("*", "by-weight-stream"),
      patch("talk.example.com", "pinned-v1-stream"),
      patch("talk.example.com", "by-weight-stream"),
    ]);
  });

  test.each([
    [1.5, "1.5s", "1.65s"],
    [120, "120s", "120.5s"],
  ])("of %d s, where it is the replica's own, counts as its error", (idle, ofTry, ofStream) => {
    const [patch] = idlePatches("SIDECAR_OUTBOUND", { hosts: ["llm"], http }, { idle, ownSilence: true });
    const bounds = { idle_timeout: ofStream, retry_policy: { per_try_idle_timeout: ofTry } };
    expect(patch?.patch?.value).toEqual({ route: bounds });
  });
});

describe("in a stack file", () => {
  test("nothing is needed", () => {
    expect(parseMesh(mesh({}), "s").services.llm?.streams).toEqual({});
    expect(parseMesh(mesh({ longest: "1h" }), "s").services.llm?.streams).toEqual({ longest: "1h" });
  });

  test.each([
    [{ idleTimeout: "0s" }, "idleTimeout", `is not a time from "1ms" to`],
    [{ longest: "long" }, "longest", 'is not a duration such as "250ms", "2s" or "5m"'],
    [{ idle: "3s" }, "idle", "is an unknown key: known are idleTimeout, longest"],
  ])("%j is a fault", (streams, key, message) => {
    const [fault] = checkMesh(mesh(streams)).faults;
    expect(fault?.path).toBe(`services.llm.streams.${key}`);
    expect(fault?.message).toContain(message);
  });
});

function mesh(streams: object) {
  return {
    mode: "chain",
    pipeline: ["llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1" }], streams } },
  };
}
