import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { failuresOf, visitsOf } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { LocalityConfig, MeshConfig } from "../../config/schema.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { expectAtHome, patient } from "../support/region-checks.ts";
import { meshOfRegions, namespace, twoRegions, usersOf, Whereabouts, type Region } from "../support/regions.ts";
import { stackWith } from "../support/stack.ts";

const deviations = 5;

/** Nodes of a region, each of which is a zone. */
const zones = ["cpu-1", "gpu-1"] as const;

describeOnLab("shares of regions", () => {
  let north: Region;
  let east: Region;

  beforeAll(async () => {
    ({ north, east } = await meshOfRegions(withShares));
  });

  /** How many of so many requests of the north's users each region's asr worked on. */
  async function served(count: number): Promise<{ north: number; east: number }> {
    const whereabouts = new Whereabouts();
    await whereabouts.learn(north, east);
    const results = await north.sent(count);
    expect(failuresOf(results)).toEqual([]);
    const counts = whereabouts.count(visitsOf(results, "asr"));
    expect(counts.unknown).toBe(0);
    return counts;
  }

  test("are what its users get: a fifth of the north's is served in the east, and none of the east's in the north", async () => {
    await expect.poll(async () => (await served(50)).east, patient).toBeGreaterThan(0);
    const count = 1000;
    const { low, high } = expectedCount(0.2, count, deviations);
    const counts = await served(count);
    expect(counts.east).toBeGreaterThanOrEqual(low);
    expect(counts.east).toBeLessThanOrEqual(high);
    const whereabouts = new Whereabouts();
    await whereabouts.learn(north, east);
    const ofEast = whereabouts.count(visitsOf(await east.sent(200), "asr"));
    expect(ofEast).toMatchObject({ north: 0, east: 200, unknown: 0 });
  });

  test("go to the others while a region has no replica, and come back", async () => {
    const traffic = await usersOf(north);
    await east.scale("asr-service-v1", 0);
    await expect.poll(() => served(50), patient).toMatchObject({ north: 50 });
    await east.scale("asr-service-v1", 1);
    await east.rolledOut("asr-service-v1");
    await expect.poll(async () => (await served(50)).east, patient).toBeGreaterThan(0);
    expect(failuresOf(await traffic.end())).toEqual([]);
  });

  test("are gone once the stack has none: the control", async () => {
    await applied(stackWith(twoRegions));
    await expect.poll(async () => (await served(50)).east, patient).toBe(0);
    await expectAtHome({ north, east }, 200);
  });
});

/** Emotion has a replica in each zone of the north and one in the east; the north's asr, which calls it, is in one zone. */
describeOnLab("a stage that keeps to its caller's zone", () => {
  let north: Region;
  let east: Region;
  /** The caller's zone, and the other one. */
  let own: string;
  let other: string;

  beforeAll(async () => {
    ({ north, east } = await meshOfRegions(withEmotion));
    ({ node: own } = await north.podOf("asr-service"));
    other = zones.find((zone) => zone !== own) ?? "";
  });

  afterAll(async () => {
    await kubectl(north.kubeconfig, ["uncordon", ...zones]);
  });

  /** Where the north's replicas of emotion are that can be asked. */
  async function nodes(): Promise<string[]> {
    const pods = await north.podsOf("emotion-service");
    return pods.flatMap(({ node, ready }) => (ready.includes("emotion") ? [node] : [])).sort();
  }

  /** In which zones emotion worked on so many requests of the north's users. */
  async function served(count = 40): Promise<string[]> {
    const whereabouts = new Whereabouts();
    await whereabouts.learn(north, east);
    const results = await north.sent(count);
    expect(failuresOf(results)).toEqual([]);
    expect(new Set(visitsOf(results, "asr").map(({ node }) => node))).toEqual(new Set([own]));
    const seen = visitsOf(results, "emotion").map((visit) => `${whereabouts.of(visit)}/${visit.node}`);
    return [...new Set(seen)].sort();
  }

  test("asks the zone, then the region, then the other one, and goes home the same way; nobody notices", async () => {
    await vi.waitFor(async () => expect(await nodes()).toEqual(zones), patient);
    await vi.waitFor(async () => expect(await served()).toEqual([`north/${own}`]), patient);
    const traffic = await usersOf(north);

    // The zone is lost to it: no pod can run there.
    await kubectl(north.kubeconfig, ["cordon", own]);
    const [lost] = (await north.podsOf("emotion-service")).filter(({ node }) => node === own);
    await kubectl(north.kubeconfig, ["--namespace", namespace, "delete", "pod", lost?.name ?? ""]);
    await expect.poll(() => served(), patient).toEqual([`north/${other}`]);

    // The region is.
    await north.scale("emotion-service-v1", 0);
    await expect.poll(async () => (await served()).map((place) => place.split("/")[0]), patient).toEqual(["east"]);

    await north.scale("emotion-service-v1", 1);
    await expect.poll(() => served(), patient).toEqual([`north/${other}`]);

    await kubectl(north.kubeconfig, ["uncordon", own]);
    await north.scale("emotion-service-v1", 2);
    await expect.poll(() => served(), patient).toEqual([`north/${own}`]);
    expect(failuresOf(await traffic.end())).toEqual([]);
  });
});

/** A fifth of the north's users is served in the east; those of the east are served there alone. */
function withShares(mesh: MeshConfig): MeshConfig {
  const distribute = { "cn-north": { "cn-north": 80, "cn-east": 20 }, "cn-east": { "cn-east": 100 } };
  const locality: LocalityConfig = { distribute };
  return { ...mesh, locality };
}

/** One more stage, whose pods may run on both nodes of the north, beside asr's. */
function withEmotion(mesh: MeshConfig): MeshConfig {
  const { asr } = mesh.services;
  const [version] = asr?.versions ?? [];
  if (asr === undefined || version === undefined) throw new Error("the stack has no asr");
  const versions = [{ ...version, replicas: 2, clusters: { ...version.clusters, east: { replicas: 1 } } }];
  return {
    ...mesh,
    pipeline: ["asr", "emotion", "llm", "tts", "face"],
    pools: { ...mesh.pools, cpu: { ...mesh.pools.gpu, nodeSelector: { "kubernetes.io/os": "linux" } } },
    services: { ...mesh.services, emotion: { ...asr, versions, preferSameZone: true } },
  };
}
