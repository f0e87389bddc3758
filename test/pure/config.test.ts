import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { stacksOf } from "../../cli/stack-file.ts";
import { ConfigError, formatPath } from "../../config/faults.ts";
import { nearest } from "../../config/nearest.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";

const base = {
  mode: "chain",
  pipeline: ["asr", "llm"],
  clusters: [{ name: "local", network: "n1", region: "r1" }],
  istio: { charts: { folder: "charts" } },
  services: {
    asr: { engine: "simulator", versions: [{ name: "v1", weight: 100, image: "x/asr:1" }] },
    llm: {
      engine: "simulator",
      versions: [
        { name: "v1-stable", weight: 90, image: "x/llm:1" },
        { name: "v2-experiment", weight: 10, image: "x/llm:2" },
      ],
    },
  },
};

/** `base` with the value at `path` replaced. */
function having(path: readonly (string | number)[], value: unknown, into: unknown = base): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(into)) return into.map((item, index) => (index === key ? having(rest, value, item) : item));
  const entries = Object.entries(typeof into === "object" && into !== null ? into : {});
  const kept = entries.filter(([name]) => name !== String(key));
  const old = entries.find(([name]) => name === String(key))?.[1];
  return Object.fromEntries([...kept, [key, having(rest, value, old)]]);
}

function faults(raw: unknown): string[] {
  return checkMesh(raw).faults.map(({ path, message }) => `${path}: ${message}`);
}

test("a correct file has no fault, and its defaults are filled in", () => {
  const mesh = parseMesh(base, "x");
  expect(mesh.lab).toBe(false);
  expect(mesh.namespace).toBe("linly");
  expect(mesh.ingress.hosts).toEqual(["*"]);
  expect(mesh.services.llm?.versions[0]).toMatchObject({ env: {}, args: [] });
});

test.each(stacksOf("."))("the stack file of %s is correct", (stack) => {
  const file: { config: Record<string, unknown> } = parse(readFileSync(`stacks/Pulumi.${stack}.yaml`, "utf8"));
  expect(faults(file.config["linly-mesh:mesh"])).toEqual([]);
});

const versions = ["services", "llm", "versions"] as const;

describe("one fault", () => {
  test.each<[readonly (string | number)[], unknown, string]>([
    [
      [...versions, 1, "weight"],
      20,
      "services.llm.versions: weights total 110 (v1-stable 90, v2-experiment 20); they must total 100",
    ],
    [[...versions, 1, "weight"], "10", 'services.llm.versions[1].weight: "10" is not a whole number from 0 to 100'],
    [[...versions, 0, "weight"], 90.5, "services.llm.versions[0].weight: 90.5 is not a whole number from 0 to 100"],
    [[...versions], [], "services.llm.versions: [] is empty; a service has at least one version"],
    [
      [...versions, 1, "name"],
      "v1-stable",
      'services.llm.versions: has two versions named "v1-stable"; each name stands for one subset',
    ],
    [
      [...versions, 0, "replicas"],
      0,
      "services.llm.versions[0].replicas: 0 is not a whole number of replicas, 1 to 1000",
    ],
    [[...versions, 0, "wieght"], 90, 'services.llm.versions[0].wieght: is an unknown key: did you mean "weight"?'],
    [["namspace"], "x", 'namspace: is an unknown key: did you mean "namespace"?'],
    [["mode"], "chian", 'mode: "chian" is not a mode: "chain" (each stage calls the next)'],
    [["mode"], undefined, 'mode: is missing; it must be a mode: "chain"'],
    [["pipeline"], ["asr", "lm"], 'pipeline[1]: "lm" is not a stage of the catalogue: did you mean "llm"?'],
    [["pipeline"], ["asr", "llm", "asr"], 'pipeline[2]: "asr" is there twice; a stage has one place in the pipeline'],
    [["pipeline"], ["asr", "llm", "tts"], "services.tts: is missing; the pipeline has this stage"],
    [["pipeline"], ["asr"], "services.llm: is not in the pipeline: known are asr"],
    [["entry"], "webui", 'entry: has no meaning with mode "chain"'],
    [["clusters", 0, "name"], "Local_1", 'clusters[0].name: "Local_1" is not a name of at most 40'],
    [["clusters"], [], "clusters: [] is empty; a mesh has at least one cluster"],
    [["istio", "charts"], { folder: 3 }, "istio.charts.folder: 3 is not a string"],
    [
      [...versions, 0, "image"],
      "llm",
      'services.llm.versions[0].image: "llm" is not an image reference with a tag or digest',
    ],
    [["services", "llm", "readinessPath"], "readyz", 'services.llm.readinessPath: "readyz" is not a path'],
    [["ingress"], { hosts: ["http://x"] }, 'ingress.hosts[0]: "http://x" is not a full host name'],
    [["namespace"], "istio-system", 'namespace: "istio-system" is taken'],
    [["ingress"], { hosts: ["a.example.com", "a.example.com"] }, 'ingress.hosts[1]: "a.example.com" is there twice'],
    [
      ["services", "llm", "resources"],
      { requests: { cpu: 2, memory: "1Gi" }, limits: { cpu: "500m", memory: "512Mi" } },
      'services.llm.resources.limits.cpu: "500m" is less than the request, "2"',
    ],
    [
      ["ingress"],
      { hosts: ["*.example.com", "a.example.com"] },
      'ingress.hosts[1]: "a.example.com" is already covered by',
    ],
    [["ingress"], { hosts: ["talk"] }, 'ingress.hosts[0]: "talk" is not a full host name'],
    [["lab"], true, "clusters[0].kubeconfig: is missing; with lab: true it names the lab's file"],
    [["services", "lm"], { versions: [] }, 'services.lm: is an unknown key: did you mean "llm"?'],
    [["services", "asr", "gpus"], 2, "services.asr.gpus: 2 on the cpu pool"],
    [["services", "llm", "gpus"], 0, "services.llm.gpus: 0 on the gpu pool"],
    [["services", "llm", "startup"], "5x", 'services.llm.startup: "5x" is not a duration'],
    [[...versions, 0, "env"], { PORT: "1" }, "services.llm.versions[0].env.PORT: is set by the program itself"],
    [[...versions, 0, "env"], { "a-b": "1" }, "services.llm.versions[0].env.a-b: is not the name of a variable"],
    [[...versions, 0, "image"], "x//llm:1", 'services.llm.versions[0].image: "x//llm:1" is not an image reference'],
    [[...versions, 0, "replicas"], 1e12, "services.llm.versions[0].replicas: 1000000000000 is not a whole number"],
    [["istio", "trustDomain"], "*", 'istio.trustDomain: "*" is not a trust domain'],
    [["istio", "images"], { hub: "a b", tag: "x" }, 'istio.images.hub: "a b" is not an image prefix'],
    [
      ["istio", "values"],
      { istiod: { cni: { enabled: false } } },
      "istio.values.istiod.cni.enabled: is not for the stack",
    ],
    [
      ["pools"],
      { cpu: { nodeSelector: {} }, gpu: { nodeSelector: { a: "b" } } },
      "pools.cpu.nodeSelector: {} is empty",
    ],
    [["lab"], "yes", 'lab: "yes" is not a boolean'],
  ])("%j = %j", (path, value, message) => {
    const found = faults(having(path, value));
    expect(found).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
  });

  test.each<[string, string]>([
    ["5x", '"5x" is not a CPU quantity'],
    ["", '"" is not a CPU quantity'],
    ["0m", '"0m" is not a CPU quantity'],
    ["1e30", '"1e30" is not a CPU quantity'],
  ])("cpu %j", (cpu, message) => {
    const compute = { cpu, memory: "1Gi" };
    const found = faults(
      having(["services", "llm", "resources"], { requests: compute, limits: { cpu: 1, memory: "2Gi" } }),
    );
    expect(found).toEqual([expect.stringContaining(message)]);
  });
});

test.each([
  "x/llm:1",
  "registry.example.com:5000/linly/llm:1.0.0-rc.1",
  "localhost/linly-mesh/simulator:lab",
  `ghcr.io/a/b__c.d@sha256:${"0".repeat(64)}`,
])("%s is an image reference", (image) => {
  expect(faults(having([...versions, 0, "image"], image))).toEqual([]);
});

test("every fault of a file is named at once, each on a line of its own", () => {
  let raw = having([...versions, 1, "weight"], 20);
  raw = having([...versions, 0, "image"], "nope", raw);
  raw = having(["mode"], "x", raw);
  raw = having(["clusters", 0, "regoin"], "r", raw);
  raw = having(["pipeline"], ["asr", "llm", "llm"], raw);
  expect(() => parseMesh(raw, "stacks/Pulumi.x.yaml")).toThrow(ConfigError);
  const error = new ConfigError("stacks/Pulumi.x.yaml", checkMesh(raw).faults);
  expect(error.message.split("\n")[0]).toBe("stacks/Pulumi.x.yaml has 5 problems:");
  expect(error.faults.map(({ path }) => path).sort()).toEqual([
    "clusters[0].regoin",
    "mode",
    "pipeline[2]",
    "services.llm.versions",
    "services.llm.versions[0].image",
  ]);
});

test("an orchestrated pipeline needs its entry", () => {
  expect(faults(having(["mode"], "orchestrated"))).toEqual([expect.stringContaining("entry: is missing")]);
});

test("paths are written as they would be in code", () => {
  expect(formatPath(["services", "llm", "versions", 1, "weight"])).toBe("services.llm.versions[1].weight");
});

describe("a value that is wrong has no second fault of its own making", () => {
  const dialogues = (stages: readonly string[]) => ({ dialogues: { stages } });
  test.each<[string, unknown, RegExp[]]>([
    [
      "one host of several",
      having(["ingress"], { hosts: ["talk.example.com", 5, 6], tls: { issuer: "ownCa" } }),
      [/^ingress\.hosts\[1\]: 5 is not a full host/, /^ingress\.hosts\[2\]: 6 is not a full host/],
    ],
    [
      "hosts that are no list",
      having(["ingress"], { hosts: "talk.example.com", tls: { issuer: "ownCa" } }),
      [/^ingress\.hosts: "talk\.example\.com" is not a list/],
    ],
    [
      "a host beside a wildcard",
      having(["ingress"], { hosts: ["*", 5] }),
      [/^ingress\.hosts\[1\]: 5 is not a full host/],
    ],
    [
      "an entry left empty",
      { ...base, mode: "orchestrated", pipeline: ["asr"], entry: null },
      [/^entry: null is not a stage of the catalogue: known are asr/],
    ],
    [
      "what every object inherits",
      { ...base, pipeline: ["constructor"], offline: { requests: 1 }, pins: dialogues(["constructor"]) },
      [/^pipeline\[0\]: "constructor" is not a stage/, /^pins\.dialogues\.stages\[0\]: "constructor" is not a stage/],
    ],
  ])("%s", (_, raw, expected) => {
    expect(faults(raw)).toEqual(expected.map((text) => expect.stringMatching(text)));
  });
});

test.each([
  ["c", ["a", "b"], undefined],
  ["ab", ["cd"], undefined],
  ["", ["a"], undefined],
  ["lm", ["asr", "llm"], "llm"],
  ["tst", ["tts"], "tts"],
  ["v", ["v1"], "v1"],
  ["wieght", ["weight"], "weight"],
])("%j among %j was meant to be %j", (word, known, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
