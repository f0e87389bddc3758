import { expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { deploymentTimeouts, progressDeadlineSeconds } from "../../components/service/rollout.ts";
import { gpuTurns, waitSeconds } from "../../components/service/turns.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { allSurgesFit, type GpuDemand } from "../../services/capacity.ts";
import { planPipeline } from "../../services/plan.ts";
import { standing } from "../../services/standing.ts";

function turnsOf(stack: string, change: (mesh: MeshConfig) => MeshConfig = (mesh) => mesh) {
  const mesh = change(readStackFile(projectDir, stack).mesh);
  return gpuTurns(mesh, planPipeline(mesh).services);
}

/** The same mesh with other GPUs declared. */
function withGpus(nodes: number | undefined, gpusPerNode: number | undefined) {
  return (mesh: MeshConfig): MeshConfig => ({
    ...mesh,
    pools: { ...mesh.pools, gpu: { ...mesh.pools.gpu, nodes, gpusPerNode } },
  });
}

/** 900 or 300 s to load, 145, 140 or 620 s to end, 300 s besides. */
const [vllm, kokoro, face] = [1345, 740, 1820];

test("with one GPU to spare, each rollout that adds a pod takes its turn", () => {
  expect(turnsOf("staging")).toEqual([
    { stage: "llm", version: "v1-stable", seconds: vllm },
    { stage: "llm", version: "v2-experiment", seconds: vllm },
    { stage: "tts", version: "v1", seconds: kokoro },
    { stage: "face", version: "v1", seconds: face },
  ]);
});

test.each<[string, string, (mesh: MeshConfig) => MeshConfig, string[]]>([
  // stack, its GPUs, who takes turns
  ["staging", "one short of all at once", withGpus(7, 1), ["llm v1-stable", "llm v2-experiment", "tts v1", "face v1"]],
  ["staging", "enough for all at once", withGpus(8, 1), []],
  ["prod", "one to spare for each rollout that adds a pod", (mesh) => mesh, []],
  ["prod", "nobody knows how many", withGpus(undefined, undefined), ["llm v2-experiment", "tts candidate-v2"]],
  ["dev", "one that is shared by four", (mesh) => mesh, []],
])("%s with GPUs: %s", (stack, _, change, takers) => {
  expect(turnsOf(stack, change).map(({ stage, version }) => `${stage} ${version}`)).toEqual(takers);
});

test("a rollout may wait for all others, and its deadlines tell", () => {
  const turns = turnsOf("staging");
  const tts = standing("tts", "kokoro");
  const wait = waitSeconds(turns, tts, "v1");
  expect(wait).toBe(2 * vllm + face);
  expect(waitSeconds(turns, standing("llm", "vllm"), "v1-stable")).toBe(vllm + kokoro + face);
  expect(progressDeadlineSeconds(tts, {}, wait)).toBe(kokoro + wait);
  expect(deploymentTimeouts(tts, {}, 1, wait)).toEqual({ create: "5250s", update: "5250s", delete: "440s" });
});

test("off the gpu pool nobody waits", () => {
  expect(waitSeconds(turnsOf("staging"), standing("asr"), "v1")).toBe(0);
});

test.each<[string, Partial<GpuDemand>, boolean]>([
  ["with the pods of their rollouts", { surge: 1 }, true],
  ["with one pod more", { replicas: 2, surge: 1 }, false],
  ["without any rollout that adds a pod", { replicas: 2, surge: 0 }, true],
])("two versions on four GPUs %s", (_, change, fit) => {
  const demand = { stage: "llm", version: "v1", replicas: 1, gpus: 1, surge: 1 };
  expect(allSurgesFit([demand, { ...demand, ...change }], { nodes: 2, gpusPerNode: 2, sharesPerGpu: 1 })).toBe(fit);
});
