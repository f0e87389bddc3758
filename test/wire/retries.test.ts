import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { failuresOf, load, type Result, type Target } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { changeStage, requestsOfStage } from "../support/exec.ts";
import { withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";

const replicas = 3;
const deviations = 5;
const namespace = "linly";
const port = 8000;
const wide = { percent: 100, minRetryConcurrency: 100 };
const good = { latencyMedian: "1ms", latencyP99: "1ms", errorRate: 0 };

/** Three replicas of the entry stage, whose caller is the gateway; `/embed` is vouched for, `/generate` is not. */
describeOnLab("retries and timeouts", () => {
  let origin: string;
  let kubeconfig: string;
  let pods: string[];

  beforeAll(async () => {
    const mesh = await localMesh((local) => threeReplicas(local));
    origin = `http://${mesh.address}`;
    ({ kubeconfig } = mesh);
    pods = await namesOf(mesh.view);
  });

  beforeEach(async () => {
    await Promise.all(pods.map((pod) => change(pod, good)));
  });

  afterAll(async () => {
    // Of the three one stays, whichever it is.
    await Promise.all(pods.map((pod) => change(pod, good)));
  });

  function containerOf(pod: string) {
    return { kubeconfig, namespace, pod, container: "asr" };
  }

  async function change(pod: string, behaviour: Record<string, unknown>): Promise<void> {
    await changeStage(containerOf(pod), port, behaviour);
  }

  /** How many requests each replica has worked on. */
  async function worked(): Promise<number[]> {
    return Promise.all(pods.map((pod) => requestsOfStage(containerOf(pod), port)));
  }

  /** How many requests the replicas work on for those that are sent meanwhile. */
  async function workedFor(send: () => Promise<unknown>): Promise<number> {
    const before = sum(await worked());
    await send();
    return sum(await worked()) - before;
  }

  async function sent(count: number, path: string, target: Partial<Target> = {}): Promise<Result[]> {
    return load(
      { url: `${origin}${path}`, concurrency: 16, timeout: 60_000, ...target },
      (already) => already >= count,
    );
  }

  describe.each([503, "reset"] as const)("with one replica of three that answers %s", (errorStatus) => {
    const count = 150;

    beforeEach(async () => {
      await change(pods[0] ?? "", { errorRate: 1, errorStatus });
    });

    test.each([
      ["GET", "/voices"],
      ["POST", "/embed"],
    ] as const)("no caller of %s %s sees it", async (method, path) => {
      const before = await worked();
      expect(failuresOf(await sent(count, path, { method }))).toEqual([]);
      // The control: it was asked.
      expect((await worked())[0]).toBeGreaterThan(before[0] ?? 0);
    });

    test("callers of a route that generates do, and none of their requests is sent twice", async () => {
      let failed: string[] = [];
      const tries = await workedFor(async () => {
        failed = failuresOf(await sent(count, "/generate"));
      });
      const { low, high } = expectedCount(1 / replicas, count, deviations);
      expect(failed.length).toBeGreaterThanOrEqual(low);
      expect(failed.length).toBeLessThanOrEqual(high);
      expect(tries).toBe(count);
    });
  });

  test("a replica that hangs is hidden from reads: the next try goes elsewhere", async () => {
    await change(pods[0] ?? "", { latencyMedian: "60s", latencyP99: "60s" });
    expect(failuresOf(await sent(12, "/voices", { method: "GET", concurrency: 12 }))).toEqual([]);
  });

  test("a slow request that generates runs once; by the usual snippet it runs four times, and fails", async () => {
    const slow = () => Promise.all(pods.map((pod) => change(pod, { latencyMedian: "3s", latencyP99: "3s" })));
    const headers = { host: "control.example.com" };
    await withObjects(kubeconfig, [usualSnippet], async () => {
      await expect
        .poll(async () => failuresOf(await sent(1, "/generate", { headers })), { timeout: 60_000 })
        .toEqual([]);
      await slow();

      let results: Result[] = [];
      expect(await workedFor(async () => (results = await sent(1, "/generate")))).toBe(1);
      expect(failuresOf(results)).toEqual([]);

      expect(await workedFor(async () => (results = await sent(1, "/generate", { headers })))).toBe(4);
      expect(failuresOf(results)).toEqual([expect.stringMatching(/^504/)]);
    });
  });

  test("a request outlives its time by no more than the way: it is ended with 504", async () => {
    await Promise.all(pods.map((pod) => change(pod, { latencyMedian: "60s", latencyP99: "60s" })));
    expect(failuresOf(await sent(3, "/generate", { concurrency: 3 }))).toEqual(
      Array.from({ length: 3 }, () => expect.stringMatching(/^504/)),
    );
  });

  test("a body beyond what Envoy keeps is not sent again, a small one is", async () => {
    await change(pods[0] ?? "", { errorRate: 1, errorStatus: 503 });
    const megabytes = (count: number) => Buffer.alloc(count * 1_000_000);
    expect(failuresOf(await sent(30, "/embed", { body: megabytes(0.1) }))).toEqual([]);
    // Of so many at least one meets the bad one of three: none does so with a chance of less than five deviations leave.
    const count = 38;
    const failed = failuresOf(await sent(count, "/embed", { body: megabytes(20), concurrency: 2 }));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(count);
  });

  test("a budget of next to nothing keeps retries from adding to an overload", async () => {
    await Promise.all(pods.map((pod) => change(pod, { errorRate: 1, errorStatus: 503 })));
    const count = 160;
    const reads = () => sent(count, "/voices", { method: "GET" });
    // The control: every request is tried three times.
    expect(await workedFor(reads)).toBe(3 * count);

    await applied(stackWith("local", (mesh) => threeReplicas(mesh, { percent: 0, minRetryConcurrency: 1 })));
    // One retry at a time, of sixteen requests: it is in force once hardly any is made.
    await expect.poll(() => workedFor(reads), { timeout: 60_000 }).toBeLessThan(2 * count);
  });
});

function threeReplicas(mesh: MeshConfig, budget = wide): MeshConfig {
  const { asr } = mesh.services;
  if (asr === undefined) throw new Error("the local stack has no asr");
  const changed = {
    ...asr,
    versions: asr.versions.map((version) => ({ ...version, replicas })),
    loadBalancing: "ROUND_ROBIN" as const,
    timeouts: { realtime: "10s" as const },
    retries: { ...asr.retries, budget, idempotentRoutes: [{ method: "POST" as const, path: "/embed" }] },
    // A replica that fails is to stay.
    circuitBreaker: { ...asr.circuitBreaker, enabled: false },
  };
  const rest = Object.entries(mesh.services).map(([stage, service]) => [
    stage,
    { ...service, timeouts: { realtime: "10s" } },
  ]);
  return { ...mesh, services: { ...Object.fromEntries(rest), asr: changed } };
}

async function namesOf(view: ClusterView): Promise<string[]> {
  const pods = (await view.pods(namespace)).filter(({ app }) => app === "asr-service").map(({ name }) => name);
  if (pods.length !== replicas) throw new Error(`asr has the pods ${pods.join(", ")}`);
  return pods.sort();
}

/** The reference case as it is commonly written: on every route, whatever it does. */
const usualSnippet = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "control", namespace },
  spec: {
    hosts: ["control.example.com"],
    gateways: ["ingress"],
    http: [
      {
        route: [{ destination: { host: "asr-service.linly.svc.cluster.local", subset: "v1" } }],
        retries: { attempts: 3, perTryTimeout: "1s", retryOn: "gateway-error,connect-failure" },
      },
    ],
  },
};

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
