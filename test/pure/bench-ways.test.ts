import { expect, test } from "vitest";
import { askedFor } from "../../bench/overhead/send.ts";
import { benchMesh } from "../../bench/overhead/setups.ts";
import { eastWestMesh, places } from "../../bench/regions/crossing-mesh.ts";
import { projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { accessRules } from "../../components/security/service-access.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { planPipeline } from "../../services/plan.ts";

/** Whom each stage lets in for what the benches ask for: `asr-service → llm`. */
function letIn(config: MeshConfig): string[] {
  return accessRules({ config, pipeline: planPipeline(config) }).flatMap(({ who, stage, opening }) => {
    const routes = "routes" in opening ? opening.routes : [];
    const found = routes.some(({ method, path }) => method === "GET" && path === askedFor);
    return found ? [`${who.serviceAccount} → ${stage.name}`] : [];
  });
}

test("what sidecars cost is measured on a way that is open", () => {
  const ways = letIn(benchMesh(readStackFile(projectDir, "local").mesh));
  expect(ways).toEqual(expect.arrayContaining(["asr-service → llm", "llm-service → tts", "tts-service → face"]));
});

test("so is what the way between regions costs", () => {
  const { from, direct, crossing } = places;
  const ways = letIn(eastWestMesh(readStackFile(projectDir, "local-multicluster").mesh, "north", "east"));
  expect(ways).toEqual(expect.arrayContaining([`${from}-service → ${direct}`, `${from}-service → ${crossing}`]));
});
