import { expect, test } from "vitest";
import { gpusAsked, shortfall, tooLargeForANode, type GpuDemand } from "../../services/capacity.ts";

function demand(version: string, replicas: number, gpus: number, surge = 0): GpuDemand {
  return { stage: "llm", version, replicas, gpus, surge };
}

test.each<[string, GpuDemand[], number]>([
  ["nothing", [], 0],
  ["replicas times GPUs", [demand("v1", 2, 1), demand("v2", 1, 4)], 6],
  ["one pod more while a version is replaced", [demand("v1", 1, 1, 1)], 2],
  ["of several such pods the largest, since they take turns", [demand("v1", 1, 1, 1), demand("v2", 1, 2, 1)], 5],
  ["no pod more for a version without GPUs", [demand("v1", 3, 0, 1)], 0],
])("%s", (_, demands, asked) => {
  expect(gpusAsked(demands)).toBe(asked);
});

test.each<[string, GpuDemand[], string | undefined]>([
  ["all of them", [demand("v1", 4, 1)], undefined],
  ["one too many", [demand("v1", 5, 1)], "asked 5 GPUs (llm v1 5×1), there 4 (2 nodes × 2)"],
  [
    "several versions and a rollout",
    [demand("v1", 2, 1), demand("v2", 1, 2, 1)],
    "asked 6 GPUs (llm v1 2×1, llm v2 1×2, while llm v2 is replaced 2), there 4 (2 nodes × 2)",
  ],
  ["the last one is not left for a rollout", [demand("v1", 3, 1), demand("v2", 1, 1)], undefined],
])("%s", (_, demands, text) => {
  expect(shortfall(demands, { nodes: 2, gpusPerNode: 2 })).toBe(text);
});

test("a pool without nodes has nothing", () => {
  expect(shortfall([demand("v1", 1, 1)], { nodes: 0, gpusPerNode: 8 })).toBe(
    "asked 1 GPU (llm v1 1×1), there 0 (0 nodes × 8)",
  );
});

test("a replica larger than a node fits into no number of nodes", () => {
  const demands = [demand("v1", 1, 2), demand("v2", 1, 3)];
  expect(shortfall(demands, { nodes: 9, gpusPerNode: 2 })).toBeUndefined();
  expect(tooLargeForANode(demands, { nodes: 9, gpusPerNode: 2 }).map(({ version }) => version)).toEqual(["v2"]);
});
