import { describe, expect, test } from "vitest";
import { autoscalerSpec } from "../../components/service/autoscaler.ts";
import { budgetSpec } from "../../components/service/budget.ts";
import { proxyAnnotations, gracePeriodSeconds, lifecycleOf } from "../../components/service/drain.ts";
import { hopEnv, mergeEnv, versionArgs, versionEnv } from "../../components/service/env.ts";
import { placementOf, spreadOf } from "../../components/service/placement.ts";
import { podSpec } from "../../components/service/pod.ts";
import { probesOf } from "../../components/service/probes.ts";
import { fewestReplicas, mostReplicas } from "../../components/service/replicas.ts";
import { resourcesOf } from "../../components/service/resources.ts";
import {
  deletionSeconds,
  progressDeadlineSeconds,
  rolloutSeconds,
  rolloutStrategy,
  startupSeconds,
} from "../../components/service/rollout.ts";
import { restrictedContainer } from "../../components/security/pod.ts";
import { modelOf, volumesOf } from "../../components/service/volumes.ts";
import type { VersionConfig } from "../../config/schema.ts";
import { stageOf, type StageName } from "../../services/catalogue.ts";
import { engines, type EngineName } from "../../services/engines/index.ts";
import { limitsOf } from "../../services/limits.ts";
import { streamLimitsOf } from "../../services/stream-limits.ts";
import { standing } from "../../services/standing.ts";
import { serviceOf } from "../support/service.ts";

const version: VersionConfig = { name: "v1", weight: 100, image: "x:1", env: {}, args: [], clusters: {} };

test.each<[StageName, "20m" | undefined, number, number, number, number]>([
  // stage, the stack's word, replicas: start-up, deadline and whole rollout in seconds
  ["llm", undefined, 1, 900, 1340, 1340], // 900 to load, 140 to end, 300 besides
  ["llm", undefined, 3, 900, 1340, 3420],
  ["llm", "20m", 1, 1200, 1640, 1640],
  ["asr", undefined, 2, 300, 740, 1180],
])("%s with startup %s and %i replicas", (name, startup, replicas, start, deadline, rollout) => {
  const service = serviceOf({ startup });
  expect(startupSeconds(standing(name), service)).toBe(start);
  expect(progressDeadlineSeconds(standing(name), service)).toBe(deadline);
  expect(rolloutSeconds(standing(name), service, replicas)).toBe(rollout);
  const { periodSeconds, failureThreshold } = probesOf(standing(name), service).startupProbe;
  expect(periodSeconds * failureThreshold).toBe(start);
});

test.each<[StageName, EngineName | undefined, string | undefined, (string | undefined)[]]>([
  // stage, engine, the stack's path: the paths of startup, readiness and liveness; undefined asks for a connection
  ["llm", undefined, undefined, [undefined, undefined, undefined]],
  ["llm", "vllm", undefined, ["/v1/models", "/v1/models", "/health"]],
  ["llm", "vllm", "/ping", ["/ping", "/ping", "/health"]],
  ["llm", "simulator", undefined, ["/readyz", "/readyz", undefined]],
  ["asr", "speaches", "/v1/models/a", ["/v1/models/a", "/v1/models/a", undefined]],
])("%s by %s with readinessPath %s is probed at %j", (name, engine, readinessPath, paths) => {
  const probes = probesOf(standing(name, engine), { readinessPath });
  const asked = [probes.startupProbe, probes.readinessProbe, probes.livenessProbe].map((probe) =>
    "httpGet" in probe ? probe.httpGet.path : undefined,
  );
  expect(asked).toEqual(paths);
});

test.each<[StageName, number, object]>([
  ["llm", 1, { maxSurge: 1, maxUnavailable: 0 }], // its successor needs a spare GPU, but the service never goes away
  ["llm", 2, { maxSurge: 0, maxUnavailable: 1 }],
  ["asr", 2, { maxSurge: 1, maxUnavailable: 0 }],
])("pods of %s with %i replicas are replaced with %j", (name, replicas, rollingUpdate) => {
  expect(rolloutStrategy(stageOf(name), replicas)).toEqual({ type: "RollingUpdate", rollingUpdate });
});

test.each<[Pick<VersionConfig, "replicas" | "autoscaling">, number, number]>([
  [{}, 1, 1],
  [{ replicas: 3 }, 3, 3],
  [{ autoscaling: { min: 2, max: 6, cpu: 70 } }, 2, 6],
])("%j: from %i to %i replicas", (replicas, fewest, most) => {
  expect([fewestReplicas(replicas), mostReplicas(replicas)]).toEqual([fewest, most]);
});

test.each<[StageName, EngineName, number, number, string, string]>([
  // stage, engine: seconds before SIGTERM, seconds until it is killed, what an ordinary sidecar waits without a connection,
  // how long a sidecar drains
  ["llm", "vllm", 15, 145, "15s", "180s"],
  ["face", "linly-talker", 10, 620, "10s", "900s"],
  ["tts", "simulator", 0, 40, "5s", "45s"],
])("%s by %s ends after its requests", (name, engine, preStop, grace, least, drain) => {
  const stage = standing(name, engine);
  expect(lifecycleOf(stage)).toEqual(preStop === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStop } } } });
  expect(gracePeriodSeconds(stage)).toBe(grace);
  expect(deletionSeconds(stage)).toBe(grace + 300);
  expect(proxyAnnotations(stage)).toEqual({
    "proxy.istio.io/config": JSON.stringify({
      drainDuration: drain,
      proxyMetadata: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true", MINIMUM_DRAIN_DURATION: least },
    }),
  });
});

test.each([
  [{ realtime: "5s", offline: "8s" }, 8],
  [{ realtime: "5s" }, 120],
  [{ realtime: "400.5s" }, 401],
  [{ offline: "1h" }, 3600],
] as const)("with the limits %j a pod gets %i s and the time around it", (timeouts, longest) => {
  const stage = standing("llm", "vllm");
  const limits = limitsOf(stage.engine, timeouts);
  const ending = { ...stage, limits, streams: streamLimitsOf(limits) };
  expect(gracePeriodSeconds(ending)).toBe(15 + longest + 10);
  // The engine itself is told to go on for as long.
  expect(versionArgs(ending, version, false)).toEqual(["--port", "8000", "--shutdown-timeout", String(longest)]);
});

test("a budget lets one pod go, and a single replica has none", () => {
  const labels = { app: "llm-service", version: "v1" };
  expect(budgetSpec(labels, 1)).toBeUndefined();
  expect(budgetSpec(labels, 2)).toEqual({
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: labels },
  });
});

test.each([
  // seconds to load a model: seconds of low load before a replica is let go
  [120, 300],
  [900, 900],
  [7200, 3600],
])("a replica that loads for %i s is let go after %i s", (startup, calm) => {
  const spec = autoscalerSpec(standing("llm"), "llm-service-v1", { min: 2, max: 6, cpu: 70 }, startup);
  expect(spec).toMatchObject({
    scaleTargetRef: { kind: "Deployment", name: "llm-service-v1" },
    minReplicas: 2,
    maxReplicas: 6,
    behavior: { scaleDown: { stabilizationWindowSeconds: calm } },
  });
  expect(spec.metrics[0]?.containerResource).toMatchObject({ container: "llm", target: { averageUtilization: 70 } });
});

describe("volumes", () => {
  const { vllm, kokoro } = engines;

  test("scratch folders have a limit, and those in memory say so", () => {
    expect(volumesOf(vllm, undefined, "x")).toEqual({
      volumes: [
        { name: "scratch-tmp", emptyDir: { sizeLimit: "2Gi" } },
        { name: "scratch-home-vllm", emptyDir: { sizeLimit: "10Gi" } },
        { name: "scratch-dev-shm", emptyDir: { sizeLimit: "2Gi", medium: "Memory" } },
      ],
      volumeMounts: [
        { name: "scratch-tmp", mountPath: "/tmp" },
        { name: "scratch-home-vllm", mountPath: "/home/vllm" },
        { name: "scratch-dev-shm", mountPath: "/dev/shm" },
      ],
    });
  });

  test.each([
    [{ claim: "weights" }, { persistentVolumeClaim: { claimName: "weights", readOnly: true } }],
    [{ size: "30Gi" }, { persistentVolumeClaim: { claimName: "llm-service-model", readOnly: true } }],
    [{ image: "x/m:1" }, { image: { reference: "x/m:1", pullPolicy: "IfNotPresent" } }],
  ])("a model at %j is read from %j", (model, volume) => {
    const { volumes, volumeMounts } = volumesOf(vllm, model, "llm-service-model");
    expect(volumes.at(-1)).toEqual({ name: "model", ...volume });
    expect(volumeMounts.at(-1)).toEqual({ name: "model", mountPath: "/models", readOnly: true });
  });

  test("an engine with its model in the image mounts none", () => {
    expect(volumesOf(kokoro, { claim: "weights" }, "x")).toEqual(volumesOf(kokoro, undefined, "x"));
  });

  test("a version's own model comes before the service's", () => {
    expect(modelOf({ model: { claim: "a" } }, {})).toEqual({ claim: "a" });
    expect(modelOf({ model: { claim: "a" } }, { model: { claim: "b" } })).toEqual({ claim: "b" });
  });
});

test("an engine takes its model from the volume only where there is one", () => {
  const stage = standing("llm", "vllm");
  const named = (mounts: boolean) => versionEnv(stage, version, mounts).map(({ name }) => name);
  expect(versionArgs(stage, { ...version, args: ["--dtype", "half"] }, true)).toEqual([
    ...["/models", "--served-model-name", "model"],
    ...["--port", "8000", "--shutdown-timeout", "120"],
    ...["--dtype", "half"],
  ]);
  expect(versionArgs(stage, version, false)).not.toContain("/models");
  expect(named(true)).toContain("HF_HUB_OFFLINE");
  expect(named(false)).not.toContain("HF_HUB_OFFLINE");
});

test("what the stack file says of a variable comes before the engine's word", () => {
  const env = versionEnv(standing("asr"), { ...version, env: { LOG_LEVEL: "debug" } }, false);
  expect(env).toContainEqual({ name: "LOG_LEVEL", value: "debug" });
  expect(env).toContainEqual({ name: "ENABLE_UI", value: "false" });
});

test("a container runs as the user of its engine, else as its image says", () => {
  expect(restrictedContainer(engines.vllm)).toMatchObject({ runAsUser: 2000, runAsGroup: 0, runAsNonRoot: true });
  expect(restrictedContainer(standing("llm", "simulator").engine)).not.toHaveProperty("runAsUser");
});

test("pods spread over zones and nodes, each rollout by itself", () => {
  const spread = spreadOf({ app: "llm-service", version: "v1" });
  expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
    "topology.kubernetes.io/zone",
    "kubernetes.io/hostname",
  ]);
  for (const constraint of spread) {
    expect(constraint).toMatchObject({
      whenUnsatisfiable: "ScheduleAnyway",
      matchLabelKeys: ["pod-template-hash"],
      labelSelector: { matchLabels: { app: "llm-service", version: "v1" } },
    });
  }
});

describe("a pod", () => {
  const pod = (change: Partial<VersionConfig>, engine: EngineName = "vllm", registry?: string) =>
    podSpec({
      stage: standing("llm", engine),
      service: serviceOf(),
      version: { ...version, ...change },
      pool: { nodeSelector: { pool: "gpu" }, tolerations: [] },
      hops: [],
      namespace: "ns",
      gpuResource: "nvidia.com/mig-1g.10gb",
      registry,
      madeClaim: "llm-service-model",
    });

  test("has the stack's image, else the engine's", () => {
    expect(pod({}).containers[0]?.image).toBe("x:1");
    expect(pod({ image: undefined }).containers[0]?.image).toBe(engines.vllm.image);
  });

  test("takes its image, and its model's, from the one registry where there is one", () => {
    const { containers, volumes } = pod({ model: { image: "ghcr.io/models/qwen:2.5" } }, "vllm", "mirror:5000");
    expect(containers[0]?.image).toBe("mirror:5000/library/x:1");
    expect(volumes).toContainEqual({
      name: "model",
      image: { reference: "mirror:5000/models/qwen:2.5", pullPolicy: "IfNotPresent" },
    });
  });

  test("asks for a GPU by the name that the cluster gives it", () => {
    expect(pod({}).containers[0]?.resources.limits).toMatchObject({ "nvidia.com/mig-1g.10gb": "1" });
  });

  test("without any image is an error", () => {
    expect(() => pod({ image: undefined }, "linly-llm")).toThrow("llm v1 has no image, nor has linly-llm");
  });
});

describe("resources", () => {
  test("GPUs are asked for as requests and limits alike", () => {
    const { requests, limits } = resourcesOf(standing("llm"), { gpus: 2 });
    expect([requests["nvidia.com/gpu"], limits["nvidia.com/gpu"]]).toEqual(["2", "2"]);
  });

  test("a cpu stage asks for none", () => {
    expect(resourcesOf(standing("asr"), {}).limits).not.toHaveProperty("nvidia.com/gpu");
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
  expect(hopEnv([standing("face")], "ns")).toEqual([
    {
      name: "NEXT_HOPS",
      value: '[{"name":"face","url":"http://face-service.ns.svc.cluster.local:8003/talker_response/","method":"POST"}]',
    },
    { name: "TALKER_SERVICE_HOST", value: "face-service.ns.svc.cluster.local" },
    { name: "TALKER_SERVICE_PORT", value: "8003" },
  ]);
});

test("a caller calls the route of the engine that stands in the next stage", () => {
  const [nextHops] = hopEnv([standing("llm", "vllm")], "ns");
  expect(JSON.stringify(nextHops)).toContain("http://llm-service.ns.svc.cluster.local:8000/v1/chat/completions");
});

test("a caller is told where a stage is to be called by gRPC", () => {
  const [nextHops] = hopEnv([standing("pose", "openvino-model-server-grpc")], "ns");
  expect(nextHops).toEqual({
    name: "NEXT_HOPS",
    value: JSON.stringify([
      {
        name: "pose",
        url: "http://pose-service.ns.svc.cluster.local:9000/inference.GRPCInferenceService/ModelInfer",
        method: "POST",
        protocol: "grpc",
      },
    ]),
  });
});

test("of a variable given twice the later value holds, and it stands once", () => {
  const merged = mergeEnv([{ name: "A", value: "1" }], [{ name: "B", value: "2" }], [{ name: "A", value: "3" }]);
  expect(merged).toEqual([
    { name: "A", value: "3" },
    { name: "B", value: "2" },
  ]);
});
