import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { egressHosts } from "../../components/traffic/sidecar-scope.ts";
import { stageNames, stageOf, type StageName } from "../../services/catalogue.ts";
import { edgesOf, entryStage, hopsOf, stagesOf, type Pipeline } from "../../services/pipeline.ts";
import { serviceName } from "../../services/stage.ts";

const order: StageName[] = ["asr", "llm", "tts", "face"];
const chain: Pipeline = { mode: "chain", order };
const orchestrated: Pipeline = { mode: "orchestrated", entry: "webui", order };

function written(pipeline: Pipeline): string[] {
  return edgesOf(pipeline).map(({ from, to }) => `${from}>${to}`);
}

describe("edges", () => {
  test.each<[string, Pipeline, string[]]>([
    ["a chain", chain, ["asr>llm", "llm>tts", "tts>face"]],
    ["a chain of one", { mode: "chain", order: ["llm"] }, []],
    ["another order", { mode: "chain", order: ["face", "asr"] }, ["face>asr"]],
    ["orchestrated", orchestrated, ["webui>asr", "webui>llm", "webui>tts", "webui>face"]],
    [
      "an entry that is itself a stage",
      { mode: "orchestrated", entry: "asr", order },
      ["asr>llm", "asr>tts", "asr>face"],
    ],
  ])("%s", (_, pipeline, edges) => {
    expect(written(pipeline)).toEqual(edges);
  });
});

test.each<[Pipeline, StageName | undefined, StageName[]]>([
  [chain, "asr", ["asr", "llm", "tts", "face"]],
  [orchestrated, "webui", ["webui", "asr", "llm", "tts", "face"]],
  [{ mode: "orchestrated", entry: "asr", order }, "asr", ["asr", "llm", "tts", "face"]],
  [{ mode: "chain", order: [] }, undefined, []],
])("entry and stages of %j", (pipeline, entry, stages) => {
  expect(entryStage(pipeline)).toBe(entry);
  expect(stagesOf(pipeline)).toEqual(stages);
});

test("a leaf calls nobody, and its sidecar learns of no host", () => {
  expect(hopsOf(chain, "face")).toEqual([]);
  expect(egressHosts([], "linly")).toEqual(["~/*"]);
});

test("a caller's sidecar learns of the hosts it calls and of no other", () => {
  const hops = hopsOf(orchestrated, "webui").map(stageOf);
  expect(egressHosts(hops, "linly")).toEqual([
    "./asr-service.linly.svc.cluster.local",
    "./llm-service.linly.svc.cluster.local",
    "./tts-service.linly.svc.cluster.local",
    "./face-service.linly.svc.cluster.local",
  ]);
});

test.each(stageNames)("%s of the catalogue is coherent", (name) => {
  const stage = stageOf(name);
  expect(stage.name).toBe(name);
  expect(serviceName(stage)).toBe(`${name}-service`);
  expect(stage.gpus > 0).toBe(stage.pool === "gpu");
  expect(new Set(stage.engines).size).toBe(stage.engines.length);
});

test("no two stages tell their callers the same variables", () => {
  const prefixes = stageNames.map((name) => stageOf(name).clientEnvPrefix);
  expect(new Set(prefixes).size).toBe(prefixes.length);
});

/** The catalogue is the only file of the program that knows these stages: what else they need follows from it. */
test.each(["emotion", "pose"])("a stage such as %s is one entry in the catalogue and nothing elsewhere", (name) => {
  const word = new RegExp(`["'.]${name}["':]|\\b${name}:`);
  const naming = globSync(["index.ts", "{config,components,services,cli}/**/*.ts"]).filter((file) =>
    word.test(readFileSync(file, "utf8")),
  );
  expect(naming).toEqual(["services/catalogue.ts"]);
});
