import { describe, expect, test } from "vitest";
import { loadBalancerOf } from "../../components/traffic/load-balancing.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { changedBehaviour } from "../../services/simulator/behaviour.ts";

test.each([
  ["LEAST_REQUEST" as const, { simple: "LEAST_REQUEST" }],
  ["ROUND_ROBIN" as const, { simple: "ROUND_ROBIN" }],
  ["RANDOM" as const, { simple: "RANDOM" }],
  [{ consistentHash: { header: "x-user" } }, { consistentHash: { httpHeaderName: "x-user" } }],
  [
    { consistentHash: { cookie: "user", ttl: "30m" as const } },
    { consistentHash: { httpCookie: { name: "user", path: "/", ttl: "30m" } } },
  ],
  [{ consistentHash: { sourceIp: true as const } }, { consistentHash: { useSourceIp: true } }],
])("%j is %j to Istio", (config, expected) => {
  expect(loadBalancerOf(config)).toEqual(expected);
});

describe("in a stack file", () => {
  const mesh = (loadBalancing: unknown) => ({
    mode: "chain",
    pipeline: ["llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1" }], loadBalancing } },
  });

  test("the default is the one that follows how fast replicas are", () => {
    expect(parseMesh(mesh(undefined), "s").services.llm?.loadBalancing).toBe("LEAST_REQUEST");
    const hashed = parseMesh(mesh({ consistentHash: { cookie: "user" } }), "s").services.llm?.loadBalancing;
    expect(hashed).toEqual({ consistentHash: { cookie: "user", ttl: "12h" } });
  });

  test.each(["LEAST_CONN", "fastest", {}, { consistentHash: {} }, { consistentHash: { header: "x", cookie: "y" } }, 3])(
    "%j is a fault",
    (wrong) => {
      const [fault] = checkMesh(mesh(wrong)).faults;
      expect(fault?.path).toMatch(/^services\.llm\.loadBalancing/);
      expect(fault?.message).toMatch(/is not a way to balance|is not a key to hash by/);
    },
  );
});

describe("a stage's behaviour, changed while it runs", () => {
  const now = { latency: { median: 20, p99: 40 }, errorRate: 0, errorStatus: 503 };

  test.each([
    ['{"latencyMedian":"300ms"}', { ...now, latency: { median: 300, p99: 300 } }],
    ['{"latencyMedian":"10ms","latencyP99":"1s"}', { ...now, latency: { median: 10, p99: 1000 } }],
    ['{"errorRate":1,"errorStatus":500}', { ...now, errorRate: 1, errorStatus: 500 }],
    ['{"errorStatus":"reset"}', { ...now, errorStatus: "reset" }],
    ['{"stalled":true}', { ...now, stalled: true }],
    ["{}", now],
  ])("%s", (json, behaviour) => {
    expect(changedBehaviour(now, json)).toEqual({ behaviour, faults: [] });
  });

  test("what is wrong is told all at once, and nothing changes", () => {
    const { behaviour, faults } = changedBehaviour(
      now,
      '{"latencyMedian":"fast","errorRate":2,"speed":1,"stalled":"yes"}',
    );
    expect(behaviour).toBe(now);
    expect(faults).toEqual([
      "speed is not known; known are latencyMedian, latencyP99, errorRate, errorStatus, stalled",
      'latencyMedian "fast" is no duration',
      "errorRate 2 is no number from 0 to 1",
      'stalled "yes" is neither true nor false',
    ]);
    expect(changedBehaviour(now, "[").faults).toEqual(["no JSON object"]);
  });
});
