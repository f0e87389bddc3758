import { describe, expect, test } from "vitest";
import {
  hopEnv,
  mergeEnv,
  placementOf,
  probesOf,
  progressDeadlineSeconds,
  resourcesOf,
  rolloutSeconds,
  rolloutStrategy,
  startupSeconds,
} from "../../components/service/workload.ts";
import { stageOf, type StageName } from "../../services/catalogue.ts";

const version = { name: "v1", weight: 100, image: "x:1", replicas: 1, env: {} };

test.each<[StageName, "20m" | undefined, number, number, number, number]>([
  // stage, the stack's word, replicas: start-up, deadline and whole rollout in seconds
  ["llm", undefined, 1, 900, 1200, 1200],
  ["llm", undefined, 3, 900, 1200, 3000],
  ["llm", "20m", 1, 1200, 1500, 1500],
  ["asr", undefined, 2, 300, 600, 900],
])("%s with startup %s and %i replicas", (name, startup, replicas, start, deadline, rollout) => {
  const service = { ...(startup !== undefined && { startup }) };
  expect(startupSeconds(stageOf(name), service)).toBe(start);
  expect(progressDeadlineSeconds(stageOf(name), service)).toBe(deadline);
  expect(rolloutSeconds(stageOf(name), service, replicas)).toBe(rollout);
  const { periodSeconds, failureThreshold } = probesOf(stageOf(name), service).startupProbe;
  expect(periodSeconds * failureThreshold).toBe(start);
});

test.each<[StageName, number, object]>([
  ["llm", 1, { maxSurge: 1, maxUnavailable: 0 }], // its successor needs a spare GPU, but the service never goes away
  ["llm", 2, { maxSurge: 0, maxUnavailable: 1 }],
  ["asr", 2, { maxSurge: 1, maxUnavailable: 0 }],
])("pods of %s with %i replicas are replaced with %j", (name, replicas, rollingUpdate) => {
  expect(rolloutStrategy(stageOf(name), replicas)).toEqual({ type: "RollingUpdate", rollingUpdate });
});

describe("resources", () => {
  test("GPUs are asked for as requests and limits alike", () => {
    const { requests, limits } = resourcesOf(stageOf("llm"), { versions: [version], gpus: 2 });
    expect([requests["nvidia.com/gpu"], limits["nvidia.com/gpu"]]).toEqual(["2", "2"]);
  });

  test("a cpu stage asks for none", () => {
    expect(resourcesOf(stageOf("asr"), { versions: [version] }).limits).not.toHaveProperty("nvidia.com/gpu");
  });
});

test("a toleration with a value is Equal, one without is Exists", () => {
  const tolerations = [
    { key: "a", value: "b" },
    { key: "c", effect: "NoSchedule" as const },
  ];
  expect(placementOf({ nodeSelector: { pool: "x" }, tolerations })).toEqual({
    nodeSelector: { pool: "x" },
    tolerations: [
      { key: "a", operator: "Equal", value: "b" },
      { key: "c", operator: "Exists", effect: "NoSchedule" },
    ],
  });
});

test("a caller is told where its hops are, in both ways that stages read", () => {
  expect(hopEnv([stageOf("face")], "ns")).toEqual([
    {
      name: "NEXT_HOPS",
      value: '[{"name":"face","url":"http://face-service.ns.svc.cluster.local:8003/talker_response/","method":"POST"}]',
    },
    { name: "TALKER_SERVICE_HOST", value: "face-service.ns.svc.cluster.local" },
    { name: "TALKER_SERVICE_PORT", value: "8003" },
  ]);
});

test("of a variable given twice the later value holds, and it stands once", () => {
  const merged = mergeEnv([{ name: "A", value: "1" }], [{ name: "B", value: "2" }], [{ name: "A", value: "3" }]);
  expect(merged).toEqual([
    { name: "A", value: "3" },
    { name: "B", value: "2" },
  ]);
});
