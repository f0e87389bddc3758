import { expect, test } from "vitest";
import { RegionsByHand } from "../../bench/regions/by-hand.ts";
import { eastWestMesh, withStageOnlyIn } from "../../bench/regions/crossing-mesh.ts";
import { projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import type { Plan } from "../../engine/index.ts";
import { planOf, stackWith } from "../support/stack.ts";

const stack = "local-multicluster";
const { mesh } = readStackFile(projectDir, stack);

function placesOf({ steps }: Plan, app: string): string[] {
  return steps.flatMap(({ cluster, title }) =>
    cluster !== undefined && title.startsWith(`Deployment linly/${app}-`) ? [cluster] : [],
  );
}

test("two regions can be brought up by helm, kubectl and istioctl, which npm run bench:regions does", async () => {
  const plan = await planOf(stackWith(stack, (given) => withStageOnlyIn(given, "tts", "east")));
  const tools = { helm: "", kubectl: "", istioctl: "", kubeconfig: "" };
  expect(() => new RegionsByHand(plan, mesh, "", tools)).not.toThrow();
  expect(placesOf(plan, "tts-service")).toEqual(["east"]);
  // The control: a mesh of which nobody knows which cluster is the remote.
  const primaries = { ...mesh, clusters: mesh.clusters.map(({ role: _, ...cluster }) => cluster) };
  expect(() => new RegionsByHand(plan, primaries, "", tools)).toThrow("a mesh with one primary is expected");
});

test("the stage that is called beside its caller and the one that is called elsewhere are each in one cluster", async () => {
  const plan = await planOf(stackWith(stack, (given) => eastWestMesh(given, "north", "east")));
  expect(placesOf(plan, "llm-service")).toEqual(["north"]);
  expect(placesOf(plan, "tts-service")).toEqual(["east"]);
  expect(placesOf(plan, "asr-service").sort()).toEqual(["east", "north"]);
});
