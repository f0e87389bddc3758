import { describe, expect, test } from "vitest";
import { drawnMesh } from "../../components/multicluster/drawing.ts";
import { planMesh } from "../../components/multicluster/mesh-plan.ts";
import type { ClusterConfig, MeshConfig, ServiceConfig } from "../../config/schema.ts";
import { meshDiagram } from "../../services/diagram.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { projectDir } from "../../cli/project.ts";

const { mesh: stack } = readStackFile(projectDir, "local-multicluster");

function drawn(mesh: MeshConfig): string[] {
  return meshDiagram(drawnMesh(planMesh(mesh))).split("\n");
}

/** The stack with something else of the cluster `east`. */
function withEast(change: Partial<ClusterConfig>): MeshConfig {
  return { ...stack, clusters: stack.clusters.map((one) => (one.name === "east" ? { ...one, ...change } : one)) };
}

/** The stack with something else of llm. */
function withLlm(change: (llm: ServiceConfig) => Partial<ServiceConfig>): MeshConfig {
  const { llm } = stack.services;
  if (llm === undefined) throw new Error("the stack has no llm");
  return { ...stack, services: { ...stack.services, llm: { ...llm, ...change(llm) } } };
}

test("two regions: what runs in each, who serves whom, what goes from one to the other", () => {
  expect(drawn(stack)).toEqual(
    `flowchart LR
  north_users(("users in cn-north")) -- HTTP --> north_ingress
  east_users(("users in cn-east")) -- HTTP --> east_ingress
  subgraph north_cluster["north in cn-north, primary"]
    north_istiod{{"istiod"}}
    north_ingress["ingress gateway"]
    north_asr(["asr-service"])
    north_asr -- "100 %" --> north_asr_v1["v1"]
    north_llm(["llm-service"])
    north_llm -- "90 %" --> north_llm_v1__stable["v1-stable"]
    north_llm -- "10 %" --> north_llm_v2__experiment["v2-experiment"]
    north_tts(["tts-service"])
    north_tts -- "100 %" --> north_tts_v1["v1"]
    north_face(["face-service"])
    north_face -- "100 %" --> north_face_v1["v1"]
    north_ingress -- mTLS --> north_asr
    north_asr -- mTLS --> north_llm
    north_llm -- mTLS --> north_tts
    north_tts -- mTLS --> north_face
    north_eastwest["east-west gateway"]
  end
  subgraph east_cluster["east in cn-east, remote of north"]
    east_ingress["ingress gateway"]
    east_asr(["asr-service"])
    east_asr -- "100 %" --> east_asr_v1["v1"]
    east_llm(["llm-service"])
    east_llm -- "100 %" --> east_llm_v1__stable["v1-stable"]
    east_tts(["tts-service"])
    east_tts -- "100 %" --> east_tts_v1["v1"]
    east_face(["face-service"])
    east_face -- "100 %" --> east_face_v1["v1"]
    east_ingress -- mTLS --> east_asr
    east_asr -- mTLS --> east_llm
    east_llm -- mTLS --> east_tts
    east_tts -- mTLS --> east_face
    east_eastwest["east-west gateway"]
  end
  north_istiod == "serves" ==> east_cluster
  north_cluster -. "asr, llm, tts, face" .-> east_eastwest
  east_cluster -. "asr, llm, tts, face" .-> north_eastwest`.split("\n"),
  );
});

/** Lines that tell of what goes from one cluster to another. */
function dotted(lines: readonly string[]): string[] {
  return lines.filter((line) => line.includes("-.")).map((line) => line.trim());
}

describe("what goes from one cluster to another", () => {
  test("calls of a stage that runs in one cluster alone come from those who make them", () => {
    const inNorth = drawn(withLlm(() => ({ clusters: ["north"] })));
    expect(inNorth.join("\n")).not.toContain("east_llm");
    expect(dotted(inNorth)).toEqual([
      'north_cluster -. "asr, tts, face" .-> east_eastwest',
      'east_asr -. "llm" .-> north_eastwest',
      'east_cluster -. "asr, face" .-> north_eastwest',
    ]);
  });

  test("a drained cluster sends all that enters there elsewhere", () => {
    const drained = drawn(withEast({ drained: true }));
    expect(drained.filter((line) => line.includes("east_cluster["))).toHaveLength(1);
    expect(dotted(drained)).toEqual(['east_ingress -. "asr" .-> north_eastwest']);
  });

  test("a share of callers in a cluster without the version goes where that runs", () => {
    const shared = drawn(
      withLlm(({ versions }) => ({
        versions: versions.map(({ clusters, ...version }) => {
          const weight = version.name === "v1-stable" ? 95 : 5;
          return { ...version, clusters: { ...clusters, east: { ...clusters["east"], weight } } };
        }),
      })),
    );
    expect(dotted(shared)[0]).toBe('east_llm -. "5 %" .-> north_llm_v2__experiment');
  });
});

test("two control planes serve nobody else", () => {
  const primaries = drawn({ ...withEast({ role: "primary" }), topology: "multi-primary" });
  expect(primaries.filter((line) => line.includes("istiod"))).toEqual([
    '    north_istiod{{"istiod"}}',
    '    east_istiod{{"istiod"}}',
  ]);
  expect(primaries.some((line) => line.includes("serves"))).toBe(false);
});

test("clusters of one network reach each other without a gateway", () => {
  const together = drawn({ ...stack, clusters: stack.clusters.map((one) => ({ ...one, network: "one" })) });
  expect(dotted(together)).toEqual([
    'north_cluster -. "asr, llm, tts, face" .-> east_cluster',
    'east_cluster -. "asr, llm, tts, face" .-> north_cluster',
  ]);
});

test("no two boxes have one name, whatever the clusters are called", () => {
  const names = ["a", "a-llm", "end"];
  const [pattern] = stack.clusters;
  if (pattern === undefined) throw new Error("the stack has no cluster");
  const clusters = names.map((name) => ({ ...pattern, name, network: name }));
  const boxes = drawn({ ...stack, topology: "multi-primary", clusters }).flatMap(
    (line) => /(\S+?)(?:\(|\[|\{)/.exec(line)?.[1] ?? [],
  );
  expect(boxes.length).toBeGreaterThan(3 * 8);
  expect(new Set(boxes).size).toBe(boxes.length);
  expect(boxes).not.toContain("end");
});

test("one cluster is drawn by its pools", () => {
  const [north] = stack.clusters;
  const alone = drawn({ ...stack, topology: "single", clusters: north === undefined ? [] : [north] });
  expect(alone.filter((line) => line.includes("subgraph"))).toEqual([
    '  subgraph cpu["cpu pool"]',
    '  subgraph gpu["gpu pool"]',
  ]);
  expect(alone).toContain('    llm -- "10 %" --> llm_v2_experiment["v2-experiment"]');
});
