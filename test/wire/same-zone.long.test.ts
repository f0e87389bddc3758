import { afterAll, beforeAll, expect, test } from "vitest";
import { failuresOf, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { MeshConfig } from "../../config/schema.ts";
import type { ClusterView, PodView } from "../../cli/demo/cluster-view.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied, meshAsItIs } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { settled } from "../support/settled.ts";
import { stackWith } from "../support/stack.ts";
import { trafficDuring } from "../support/traffic.ts";

const namespace = "linly";
const requests = 400;
const deviations = 5;

/** The lab's nodes, each of which is a zone. */
const [here, there] = ["cpu-1", "gpu-1"] as const;

/** Replicas of asr in both zones call emotion, which has one in each. */
describeOnLab("callers and replicas in two zones", () => {
  let url: string;
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ url, kubeconfig, view } = await meshAsItIs());
  });

  afterAll(async () => {
    await kubectl(kubeconfig, ["uncordon", here]);
  });

  function sent(count: number): Promise<Result[]> {
    return load({ url, concurrency: 8, timeout: 60_000 }, (already) => already >= count);
  }

  /** How many of so many requests stayed in the zone of the asr that they came to. */
  async function stayed(count = requests): Promise<number> {
    const results = await sent(count);
    expect(failuresOf(results)).toEqual([]);
    const callers = new Set(visitsOf(results, "asr").map(({ node }) => node));
    expect(callers).toEqual(new Set([here, there]));
    return results.filter((result) => nodeOf(result, "asr") === nodeOf(result, "emotion")).length;
  }

  async function replicas(): Promise<PodView[]> {
    return (await view.pods(namespace)).filter(
      ({ app, ready }) => app === "emotion-service" && ready.includes("emotion"),
    );
  }

  /** Ends a replica of emotion, and waits until its successor is ready on a node. */
  async function moved(from: string, to: string): Promise<void> {
    const before = await replicas();
    const pod = before.find(({ node }) => node === from);
    if (pod === undefined) throw new Error(`no emotion on ${from}`);
    await kubectl(kubeconfig, ["-n", namespace, "delete", "pod", pod.name]);
    const known = new Set(before.map(({ name }) => name));
    const isThere = async () => (await replicas()).filter(({ name }) => !known.has(name)).map(({ node }) => node);
    await expect.poll(isThere, { timeout: 60_000 }).toEqual([to]);
  }

  test("without the rule, half of the requests leave their zone", async () => {
    await applied(stackWith("local", (mesh) => overBothZones(mesh, false)));
    await expect
      .poll(async () => (await replicas()).map(({ node }) => node).sort(), { timeout: 60_000 })
      .toEqual([here, there]);
    await settled(kubeconfig);
    const { low, high } = expectedCount(0.5, requests, deviations);
    const count = await stayed();
    expect(count).toBeGreaterThanOrEqual(low);
    expect(count).toBeLessThanOrEqual(high);
  });

  test("with it they stay; without a replica in their zone they go over, and come back, and none fails", async () => {
    await applied(stackWith("local", (mesh) => overBothZones(mesh, true)));
    await settled(kubeconfig);
    await expect.poll(() => stayed(40), { timeout: 60_000 }).toBe(40);
    expect(await stayed()).toBeGreaterThanOrEqual(0.99 * requests);

    const meanwhile = await trafficDuring({ url }, async () => {
      await kubectl(kubeconfig, ["cordon", here]);
      await moved(here, there);
      const results = await sent(100);
      expect(failuresOf(results)).toEqual([]);
      expect(new Set(visitsOf(results, "asr").map(({ node }) => node))).toEqual(new Set([here, there]));
      expect(new Set(visitsOf(results, "emotion").map(({ node }) => node))).toEqual(new Set([there]));

      await kubectl(kubeconfig, ["uncordon", here]);
      await moved(there, here);
      await expect.poll(() => stayed(40), { timeout: 60_000 }).toBe(40);
      expect(await stayed()).toBeGreaterThanOrEqual(0.99 * requests);
    });
    expect(failuresOf(meanwhile)).toEqual([]);
  });
});

/** The stages without GPUs may run on both nodes; asr is called wherever it is, emotion by chance or in its callers' zone. */
function overBothZones(mesh: MeshConfig, preferSameZone: boolean): MeshConfig {
  const { asr } = mesh.services;
  if (asr === undefined) throw new Error("the local stack has no asr");
  const versions = asr.versions.map((version) => ({ ...version, replicas: 2 }));
  return {
    ...mesh,
    pipeline: ["asr", "emotion", "llm", "tts", "face"],
    pools: { ...mesh.pools, cpu: { ...mesh.pools.gpu, nodeSelector: { "kubernetes.io/os": "linux" } } },
    services: {
      ...mesh.services,
      asr: { ...asr, versions, loadBalancing: "ROUND_ROBIN", preferSameZone: false },
      emotion: { ...asr, versions, loadBalancing: "RANDOM", preferSameZone },
    },
  };
}

function nodeOf(result: Result, stage: string): string | undefined {
  return visitsOf([result], stage)[0]?.node;
}
