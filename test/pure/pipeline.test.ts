import { describe, expect, test } from "vitest";
import { egressHosts } from "../../components/traffic/sidecar-scope.ts";
import { catalogue, stageNames, stageOf, type StageName } from "../../services/catalogue.ts";
import { edgesOf, entryStage, hopsOf, stagesOf, type Pipeline } from "../../services/pipeline.ts";
import { serviceName, workRoute } from "../../services/stage.ts";

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

describe("the catalogue", () => {
  test.each(stageNames)("%s is coherent", (name) => {
    const stage = stageOf(name);
    expect(stage.name).toBe(name);
    expect(serviceName(stage)).toBe(`${name}-service`);
    expect(workRoute(stage).purpose).toBe("work");
    expect(stage.gpus > 0).toBe(stage.pool === "gpu");
    const paths = stage.routes.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("no two stages share a port", () => {
    const ports = stageNames.map((name) => catalogue[name].port);
    expect(new Set(ports).size).toBe(ports.length);
  });
});
