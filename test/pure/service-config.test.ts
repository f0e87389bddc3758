import { describe, expect, test } from "vitest";
import { versionRefusal } from "../../config/checks/kubernetes.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";

const image = "x/y:1";

/** A mesh of these services, as a stack file would hold it: what is undefined is not there at all. */
function meshOf(services: Record<string, object>, more: object = {}): unknown {
  const mesh = {
    mode: "chain",
    pipeline: Object.keys(services),
    clusters: [{ name: "local", network: "n1", region: "r1" }],
    istio: { charts: { folder: "charts" } },
    services,
    ...more,
  };
  return JSON.parse(JSON.stringify(mesh));
}

function cluster(kubernetesVersion: string | number): object {
  return { clusters: [{ name: "local", network: "n1", region: "r1", kubernetesVersion }] };
}

/** A gpu pool of so many nodes with so many GPUs each. */
function pools(capacity: object): object {
  return { pools: { cpu: { nodeSelector: { pool: "cpu" } }, gpu: { nodeSelector: { pool: "gpu" }, ...capacity } } };
}

/** A service with one version of which this is said. */
function one(version: object, service: object = {}): object {
  return { versions: [{ name: "v1", weight: 100, image, ...version }], ...service };
}

function faults(raw: unknown): string[] {
  return checkMesh(raw).faults.map(({ path, message }) => `${path}: ${message}`);
}

describe("engines", () => {
  test.each<[string, object, string[]]>([
    ["llm", one({}), []],
    ["llm", one({}, { engine: "vllm" }), []],
    ["llm", one({}, { engine: "simulator" }), []],
    ["llm", one({}, { engine: "vlm" }), ['services.llm.engine: "vlm" is not an engine: did you mean "vllm"?']],
    [
      "llm",
      one({}, { engine: "speaches" }),
      ['services.llm.engine: "speaches" cannot stand in llm: known are linly-llm, vllm, simulator'],
    ],
    [
      "llm",
      one({ image: undefined }),
      ["services.llm.versions[0].image: is missing; there is no published image of the engine linly-llm"],
    ],
    [
      "llm",
      one({ image: undefined }, { engine: "simulator" }),
      ["services.llm.versions[0].image: is missing; there is no published image of the engine simulator"],
    ],
    ["llm", one({}, { engine: "simulator", simulates: "vllm" }), []],
    [
      "llm",
      one({}, { engine: "simulator", simulates: "kokoro" }),
      ['services.llm.simulates: "kokoro" cannot stand in llm: known are linly-llm, vllm'],
    ],
    [
      "llm",
      one({}, { engine: "simulator", simulates: "simulator" }),
      [expect.stringMatching(/^services\.llm\.simulates: "simulator" is not an engine: /)],
    ],
    [
      "llm",
      one({}, { engine: "vllm", simulates: "vllm" }),
      ["services.llm.simulates: has no meaning but with engine: simulator"],
    ],
    ["tts", one({ image: undefined }, { engine: "kokoro" }), []],
    [
      "llm",
      one({ image: undefined }, { engine: "vllm" }),
      ["services.llm.model: is missing; the image of the engine vllm holds no model, so say where it lies"],
    ],
    ["llm", one({ image: undefined }, { engine: "vllm", model: { claim: "weights" } }), []],
    ["llm", one({ image: undefined, model: { size: "30Gi" } }, { engine: "vllm" }), []],
    [
      "tts",
      one({}, { engine: "kokoro", model: { claim: "weights" } }),
      ["services.tts.model: has no meaning: the engine kokoro reads no model from a volume"],
    ],
    [
      "tts",
      one({ model: { size: "1Gi" } }, { engine: "kokoro" }),
      ["services.tts.versions[0].model: has no meaning: the engine kokoro reads no model from a volume"],
    ],
    [
      "llm",
      one({}, { model: { claim: "a", size: "1Gi" } }),
      ['services.llm.model: {"claim":"a","size":"1Gi"} is not a place of a model: { claim: name }'],
    ],
    [
      "llm",
      one({}, { model: { size: "30" } }),
      ['services.llm.model.size: "30" is not a memory quantity such as "256Mi" or "24Gi"'],
    ],
  ])("%s: %j", (stage, service, expected) => {
    const found = faults(meshOf({ [stage]: service }));
    expect(found.map((fault, index) => fault.slice(0, expected[index]?.length))).toEqual(expected);
  });
});

test.each<[string, string[]]>([
  ["1s", []],
  ["1000ms", []],
  ["20m", []],
  ["0s", ['services.llm.startup: "0s" is not a time from "1s" to "8760h"']],
  ["999ms", ['services.llm.startup: "999ms" is not a time from "1s" to "8760h"']],
  ["soon", ['services.llm.startup: "soon" is not a duration such as "250ms", "2s" or "5m"']],
])("a start-up of %s", (startup, expected) => {
  expect(faults(meshOf({ llm: one({}, { startup }) }))).toEqual(expected);
});

describe("replicas", () => {
  const autoscaling = { min: 2, max: 4, cpu: 70 };
  const path = "services.asr.versions[0]";

  test.each<[object, string[]]>([
    [{ autoscaling }, []],
    [{ replicas: 2 }, []],
    [{ autoscaling, replicas: 2 }, [`${path}.replicas: has no meaning with autoscaling, which decides it; remove it`]],
    [
      { autoscaling: { ...autoscaling, min: 5 } },
      [`${path}.autoscaling.min: 5 is more than max, 4; it is at most max`],
    ],
    [{ autoscaling: { ...autoscaling, cpu: 0 } }, [`${path}.autoscaling.cpu: 0 is not a whole number from 1 to 100`]],
    [{ autoscaling: { min: 1, max: 2 } }, [`${path}.autoscaling.cpu: is missing`]],
  ])("%j", (version, expected) => {
    const found = faults(meshOf({ asr: one(version) }));
    expect(found.map((fault, index) => fault.slice(0, expected[index]?.length))).toEqual(expected);
  });

  test("a mesh that was read can be read again: what is filled in contradicts nothing", () => {
    const mesh = parseMesh(meshOf({ asr: one({ autoscaling }) }), "x");
    expect(faults(JSON.parse(JSON.stringify(mesh)))).toEqual([]);
  });
});

describe("the capacity of the gpu pool", () => {
  const many = one({ replicas: 3 });

  test.each<[string, object, object, string[]]>([
    ["is not checked unless it is told", many, {}, []],
    ["is enough", many, { nodes: 1, gpusPerNode: 3 }, []],
    [
      "is too small",
      many,
      { nodes: 1, gpusPerNode: 2 },
      ["pools.gpu: asked 3 GPUs (llm v1 3×1), there 2 (1 node × 2)"],
    ],
    [
      "is too small for the most that an autoscaler may ask for",
      one({ autoscaling: { min: 2, max: 5, cpu: 70 } }),
      { nodes: 1, gpusPerNode: 4 },
      ["pools.gpu: asked 5 GPUs (llm v1 5×1), there 4 (1 node × 4)"],
    ],
    [
      "is too small to replace a single replica",
      one({}),
      { nodes: 1, gpusPerNode: 1 },
      ["pools.gpu: asked 2 GPUs (llm v1 1×1, while llm v1 is replaced 1), there 1 (1 node × 1)"],
    ],
    [
      "is enough, but no node is large enough",
      one({ replicas: 2 }, { gpus: 2 }),
      { nodes: 9, gpusPerNode: 1 },
      ["services.llm.gpus: 2 for one replica; a node of the gpu pool has 1"],
    ],
    ["is half told", many, { nodes: 1 }, ["pools.gpu.gpusPerNode: is missing; with nodes it tells what the pool has"]],
  ])("%s", (_, llm, capacity, expected) => {
    expect(faults(meshOf({ llm }, pools(capacity)))).toEqual(expected);
  });
});

describe("Kubernetes", () => {
  const imageVolume = one({}, { engine: "vllm", model: { image: "x/weights:1" } });

  const noVersion = 'is not a version of Kubernetes: write major and minor, in quotes: "1.34"';
  test.each<[string | number, object, string[]]>([
    ["1.32", one({}), []],
    ["1.31", one({}), ['clusters[0].kubernetesVersion: "1.31" is too old: Istio 1.31 needs 1.32 or newer']],
    ["1.35", imageVolume, []],
    [
      "1.34",
      imageVolume,
      ['services.llm.model.image: needs Kubernetes 1.35 or newer; clusters[0].kubernetesVersion is "1.34"'],
    ],
    ["1.34", one({}, { model: { claim: "weights" } }), []],
    ["v1.34.1", one({}), [`clusters[0].kubernetesVersion: "v1.34.1" ${noVersion}`]],
    ["1.34.2", one({}), [`clusters[0].kubernetesVersion: "1.34.2" ${noVersion}`]],
    [1.34, one({}), [`clusters[0].kubernetesVersion: 1.34 ${noVersion}`]],
  ])("%s", (version, llm, expected) => {
    expect(faults(meshOf({ llm }, cluster(version)))).toEqual(expected);
  });

  const old = "which is too old: ";
  test.each<[string, object, string | undefined]>([
    ["v1.32.0", one({}), undefined],
    ["v1.31.9-eks-1a2b3c", one({}), `runs Kubernetes v1.31.9-eks-1a2b3c, ${old}Istio 1.31 needs 1.32 or newer`],
    ["v1.35.0", imageVolume, undefined],
    ["v1.34.2+k3s1", imageVolume, `runs Kubernetes v1.34.2+k3s1, ${old}services.llm.model.image needs 1.35 or newer`],
    [
      "v1.31.0",
      imageVolume,
      `runs Kubernetes v1.31.0, ${old}Istio 1.31 needs 1.32 or newer; services.llm.model.image needs 1.35 or newer`,
    ],
  ])("a cluster that runs %s, whatever the stack file says", (version, llm, expected) => {
    expect(versionRefusal(version, parseMesh(meshOf({ llm }, cluster("1.36")), "test"))).toBe(expected);
  });
});

describe("what an engine's own settings are", () => {
  test.each<[string, string, object, string[]]>([
    ["llm", "vllm", { args: ["--max-model-len", "8192"], env: { VLLM_LOGGING_LEVEL: "WARNING" } }, []],
    ["llm", "vllm", { args: ["--port", "9000"] }, ['args[0]: "--port" is set for the engine vllm; remove it']],
    [
      "llm",
      "vllm",
      { args: ["--dtype", "half", "--shutdown_timeout=5"] },
      ['args[2]: "--shutdown_timeout=5" is set for the engine vllm; remove it'],
    ],
    ["llm", "vllm", { args: ["--chat-template", "port"] }, []],
    ["asr", "speaches", { env: { LOG_LEVEL: "debug" } }, []],
    [
      "asr",
      "speaches",
      { env: { UVICORN_PORT: "9" } },
      ["env.UVICORN_PORT: is set for the engine speaches; remove it"],
    ],
    [
      "asr",
      "speaches",
      { args: ["--workers", "2"] },
      ["args: have no place with the engine speaches: they would replace the command of its image; use env"],
    ],
    ["llm", "linly-llm", { args: ["--port", "9"], env: { UVICORN_PORT: "9" } }, []],
  ])("%s by %s with %j", (stage, engine, version, expected) => {
    const found = faults(meshOf({ [stage]: one(version, { engine, model: { claim: "m" } }) }));
    expect(found).toEqual(expected.map((fault) => `services.${stage}.versions[0].${fault}`));
  });
});

describe("who calls the next stage", () => {
  const by = (engine: string) => one({}, { engine });
  const chain = (asr: string, llm: string) => meshOf({ asr: by(asr), llm: by(llm), tts: by("kokoro") });

  test("in a chain every stage but the last", () => {
    expect(faults(chain("simulator", "simulator"))).toEqual([]);
    expect(faults(chain("speaches", "vllm"))).toEqual([
      'mode: "chain" needs engines that call the next stage, unlike speaches in asr and vllm in llm; ' +
        'use "orchestrated" with an entry that calls the others',
    ]);
  });

  test("an entry calls the others by itself", () => {
    const services = { webui: one({}), asr: by("speaches"), llm: by("vllm") };
    expect(faults(meshOf(services, { mode: "orchestrated", entry: "webui", pipeline: ["asr", "llm"] }))).toEqual([]);
  });
});

describe("metrics that stages measure themselves", () => {
  const source = { metrics: { source: "stage" } };
  const off = { alerts: { latency: { enabled: false }, errors: { enabled: false } } };
  const path = 'telemetry.metrics.source: "stage" reads what the stages measure themselves, unlike vllm in llm';

  test.each<[string, string, object, string[]]>([
    ["the simulator's", "simulator", { telemetry: source }, []],
    ["a real engine's", "vllm", { telemetry: source }, [`${path}; set "istio", or switch the alerts and Grafana off`]],
    ["nobody reads", "vllm", { telemetry: { ...source, ...off }, addons: { grafana: { install: false } } }, []],
    ["sidecars'", "vllm", {}, []],
  ])("%s", (_, engine, more, expected) => {
    expect(faults(meshOf({ llm: one({}, { engine }) }, more))).toEqual(expected);
  });
});
