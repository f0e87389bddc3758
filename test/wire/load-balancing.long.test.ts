import { afterAll, beforeAll, expect, test } from "vitest";
import { load, visitsOf } from "../../cli/demo/load.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { LoadBalancingConfig, MeshConfig } from "../../config/schema.ts";
import { changeStage } from "../support/exec.ts";
import { applied, meshAsItIs } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { settled } from "../support/settled.ts";
import { stackWith, withService } from "../support/stack.ts";

const requests = 600;
const deviations = 5;

/** Two replicas of the entry stage, whose caller is the gateway: one answers fast, the other does not. */
describeOnLab("load over replicas of unequal speed", () => {
  let url: string;
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ url, kubeconfig, view } = await meshAsItIs());
  });

  afterAll(async () => {
    // Of the two one stays, whichever it is: fast again, as its settings say.
    for (const pod of await replicas()) await changed(pod, { latencyMedian: "8ms", latencyP99: "20ms" });
  });

  async function replicas(): Promise<string[]> {
    return (await view.pods("linly")).filter(({ app }) => app === "asr-service").map(({ name }) => name);
  }

  async function changed(pod: string, behaviour: Record<string, unknown>): Promise<void> {
    await changeStage({ kubeconfig, namespace: "linly", pod, container: "asr" }, 8000, behaviour);
  }

  /** Applies a way to balance, makes one replica slow, and gives the slow one's name. */
  async function balanced(loadBalancing: LoadBalancingConfig): Promise<string> {
    await applied(stackWith("local", (mesh) => twoReplicas(mesh, loadBalancing)));
    await settled(kubeconfig);
    const [slow = "", ...others] = (await replicas()).sort();
    expect(others.length).toBe(1);
    await changed(slow, { latencyMedian: "250ms" });
    // The gateway knows both once both have answered.
    for (let attempt = 0; attempt < 100; attempt += 1) if (new Set(await podsOf(20)).size === 2) return slow;
    throw new Error("the gateway never reached both replicas");
  }

  /** Which replica answered each of so many requests. */
  async function podsOf(count: number, headers: Record<string, string> = {}, concurrency = 8): Promise<string[]> {
    const results = await load({ url, concurrency, timeout: 60_000, headers }, (sent) => sent >= count);
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    return visitsOf(results, "asr").map(({ pod }) => pod);
  }

  test("ROUND_ROBIN gives the slow replica as much as the fast one", async () => {
    const slow = await balanced("ROUND_ROBIN");
    const share = (await podsOf(requests)).filter((pod) => pod === slow).length / requests;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  test("RANDOM does so on average", async () => {
    const slow = await balanced("RANDOM");
    const count = (await podsOf(requests)).filter((pod) => pod === slow).length;
    const { low, high } = expectedCount(0.5, requests, deviations);
    expect(count).toBeGreaterThanOrEqual(low);
    expect(count).toBeLessThanOrEqual(high);
  });

  test("LEAST_REQUEST gives it what it can take", async () => {
    const slow = await balanced("LEAST_REQUEST");
    const count = (await podsOf(requests)).filter((pod) => pod === slow).length;
    // Of two draws among two replicas a quarter are the slow one twice: it gets that and little more.
    expect(count).toBeLessThan(expectedCount(0.5, requests, deviations).low);
    expect(count).toBeGreaterThan(0);
  });

  test("consistentHash: a user stays with a replica, and users spread over both", async () => {
    await balanced({ consistentHash: { header: "x-user" } });
    const seen = new Set<string>();
    for (const user of Array.from({ length: 16 }, (_, index) => `user-${index}`)) {
      const pods = new Set(await podsOf(8, { "x-user": user }));
      expect([...pods], user).toHaveLength(1);
      for (const pod of pods) seen.add(pod);
    }
    expect(seen.size).toBe(2);
  });
});

function twoReplicas(mesh: MeshConfig, loadBalancing: LoadBalancingConfig): MeshConfig {
  return withService(mesh, "asr", (service) => ({
    ...service,
    versions: service.versions.map((version) => ({ ...version, replicas: 2 })),
    loadBalancing,
  }));
}
