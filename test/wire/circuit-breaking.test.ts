import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { ClusterView, PodView } from "../../cli/demo/cluster-view.ts";
import { failuresOf, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { CircuitBreakerConfig, MeshConfig } from "../../config/schema.ts";
import { circuitBreaker } from "../../config/schema/circuit-breaker.ts";
import { waitFor } from "../../lab/wait.ts";
import { changeStage } from "../support/exec.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";
import { Stream } from "../support/streams.ts";

const replicas = 3;
const errors = 5;
const outSeconds = 30;
/** Longest silence of asr's streams. */
const silence = "4s";
const deviations = 5;
const namespace = "linly";
const good = { latencyMedian: "1ms", latencyP99: "1ms", errorRate: 0 };
const failing = { errorRate: 1, errorStatus: 500 };
const ejecting = { interval: "1s", baseEjectionTime: `${outSeconds}s` } as const;

/** Three replicas of the entry stage, whose one client is the gateway's one pod. */
describeOnLab("circuit breaking", () => {
  let host: string;
  let url: string;
  let kubeconfig: string;
  let view: ClusterView;
  let pods: PodView[];

  beforeAll(async () => {
    const mesh = await localMesh((local) => threeReplicas(local, circuitBreaker.parse(ejecting)));
    host = mesh.address;
    url = `http://${host}/generate`;
    ({ kubeconfig, view } = mesh);
    pods = (await view.pods(namespace)).filter(({ app }) => app === "asr-service");
    expect(pods.length).toBe(replicas);
  });

  beforeEach(async () => {
    await everyPod(good);
    await expect.poll(async () => new Set(podsOf(await sent(20))).size, { timeout: 60_000 }).toBe(replicas);
  });

  afterAll(async () => {
    // Of the three one stays, whichever it is.
    await everyPod(good);
  });

  async function broken(breaker: Partial<CircuitBreakerConfig>): Promise<void> {
    await applied(stackWith("local", (mesh) => threeReplicas(mesh, circuitBreaker.parse(breaker))));
  }

  async function change(pod: PodView, behaviour: Record<string, unknown>): Promise<void> {
    await changeStage({ kubeconfig, namespace, pod: pod.name, container: "asr" }, 8000, behaviour);
  }

  async function everyPod(behaviour: Record<string, unknown>): Promise<void> {
    await Promise.all(pods.map((pod) => change(pod, behaviour)));
  }

  async function sent(count: number, concurrency = 4): Promise<Result[]> {
    return load({ url, concurrency, timeout: 60_000 }, (already) => already >= count);
  }

  /** What a command in the gateway's pod prints. */
  async function inGateway(...command: string[]): Promise<string> {
    const [gateway] = await view.pods("istio-ingress");
    const pod = ["--namespace", "istio-ingress", "exec", gateway?.name ?? "", "--container", "istio-proxy"];
    return kubectl(kubeconfig, [...pod, "--", ...command]);
  }

  /** What the gateway was told of the replicas of asr. */
  async function told(): Promise<string> {
    const cluster = "outbound.8000.v1.asr-service.linly.*";
    return inGateway(
      "pilot-agent",
      "request",
      "GET",
      `config_dump?resource=dynamic_active_clusters&name_regex=${cluster}`,
    );
  }

  /** Addresses of the replicas that the gateway has ejected. */
  async function ejected(): Promise<string[]> {
    const hosts = await inGateway("pilot-agent", "request", "GET", "clusters");
    return [...hosts.matchAll(/asr-service\.linly.*::([\d.]+):\d+::health_flags::.*\/failed_outlier_check/g)].map(
      ([, address = ""]) => address,
    );
  }

  test("one replica of three that fails is out after its fifth error, and back after its time", async () => {
    const [bad] = pods;
    if (bad === undefined) throw new Error("asr has no pod");
    await change(bad, failing);

    const failures: string[] = [];
    let sentLast = 0;
    for (let tries = 0; tries < 200 && failures.length < errors; tries += 1) {
      sentLast = performance.now();
      failures.push(...failuresOf(await sent(1)));
    }
    expect(failures).toEqual(Array.from({ length: errors }, () => expect.stringMatching(/^500 /)));
    expect(failures.filter((failure) => !failure.includes(bad.name))).toEqual([]);
    await expect.poll(ejected, { timeout: 60_000 }).toEqual([bad.ip]);

    // A replica that took its share would be asked by two in three of these, and fail.
    expect(failuresOf(await sent(60))).toEqual([]);

    await change(bad, good);
    const since: Result[] = [];
    await waitFor("the replica answers again", { seconds: 120 }, async () => {
      since.push(...(await sent(10)));
      return podsOf(since).includes(bad.name) || "others answered";
    });
    // From before the error that ejected it: the clock can only show more than the time that it was out.
    expect(performance.now() - sentLast).toBeGreaterThanOrEqual(outSeconds * 1000);
    expect(failuresOf(since)).toEqual([]);
  });

  test("the control: by the usual snippet it stays in, and fails for as long as it is asked", async () => {
    const derived = "/spec/subsets/0/trafficPolicy/outlierDetection/maxEjectionPercent";
    const patch = JSON.stringify([{ op: "remove", path: derived }]);
    const rule = ["--namespace", namespace, "patch", "destinationrules", "asr-service-v1", "--type", "json"];
    await kubectl(kubeconfig, [...rule, "--patch", patch]);
    await expect.poll(told, { timeout: 60_000 }).not.toContain('"max_ejection_percent"');
    expect(await told()).toContain('"consecutive_5xx": 5');
    const [bad] = pods;
    if (bad === undefined) throw new Error("asr has no pod");
    await change(bad, failing);

    const count = 150;
    const failures = failuresOf(await sent(count));
    expect(failures.length).toBeGreaterThanOrEqual(expectedCount(1 / replicas, count, deviations).low);
    expect(failuresOf(await sent(60)).length).toBeGreaterThan(0);
    expect(await ejected()).toEqual([]);
  });

  describe("a replica that hangs, asked for streams", () => {
    let bad: PodView;

    beforeAll(async () => {
      // Long enough for all that is sent while it is out; the rule that the test before made is written anew.
      await broken({ ...ejecting, baseEjectionTime: "20s" });
    });

    beforeEach(async () => {
      await expect.poll(told, { timeout: 60_000 }).toContain('"base_ejection_time": "20s"');
      [bad = bad] = pods;
      await change(bad, { latencyMedian: "60s", latencyP99: "60s" });
    });

    /** What comes of so many streams at once: `end`, or the status of an answer that is none. */
    async function streamed(count: number): Promise<string[]> {
      const one = () =>
        Stream.events(`http://${host}/talk?events=1&interval=1ms`).then(
          ({ ended }) => ended,
          (error: unknown) => /\b5\d\d\b/.exec(String(error))?.[0] ?? String(error),
        );
      return Promise.all(Array.from({ length: count }, one));
    }

    /** Asks until it has been given up often enough to be ejected. */
    async function untilGivenUp(): Promise<void> {
      const outcomes: string[] = [];
      const givenUp = () => outcomes.filter((outcome) => outcome !== "end");
      for (let tries = 0; tries < 60 && givenUp().length < errors; tries += 1) outcomes.push(...(await streamed(6)));
      expect(givenUp().length).toBeGreaterThanOrEqual(errors);
      expect(new Set(givenUp())).toEqual(new Set(["504"]));
    }

    test("the control: it stays in where silence bounds the stream alone, which counts against nobody", async () => {
      await withoutBoundOfTries(async () => {
        await untilGivenUp();
        expect(await ejected()).toEqual([]);
        expect(await streamed(40)).toContain("504");
      });
    });

    test("is out after its fifth silence", async () => {
      await untilGivenUp();
      await expect.poll(ejected, { timeout: 60_000 }).toEqual([bad.ip]);
      // A third of these would come to it.
      expect(new Set(await streamed(40))).toEqual(new Set(["end"]));
    });

    /** Meanwhile the gateway bounds streams as Envoy's `idle_timeout` alone does. */
    async function withoutBoundOfTries(action: () => Promise<void>): Promise<void> {
      const filter = ["--namespace", "istio-ingress", "envoyfilter", "ingress-stream-idle"];
      const { spec } = filterOf.parse(JSON.parse(await kubectl(kubeconfig, ["get", ...filter, "--output", "json"])));
      const patched = async (change: readonly object[]) =>
        kubectl(kubeconfig, ["patch", ...filter, "--type=json", "--patch", JSON.stringify(change)]);
      const bound = (index: number) => `/spec/configPatches/${index}/patch/value/route/retry_policy`;
      await patched(spec.configPatches.map((_, index) => ({ op: "remove", path: bound(index) })));
      await expect.poll(routes, { timeout: 60_000 }).not.toContain("per_try_idle_timeout");
      try {
        await action();
      } finally {
        await patched([{ op: "replace", path: "/spec/configPatches", value: spec.configPatches }]);
        await expect.poll(routes, { timeout: 60_000 }).toContain(`"per_try_idle_timeout": "${silence}"`);
      }
    }

    /** What the gateway was told of its routes. */
    function routes(): Promise<string> {
      return inGateway("pilot-agent", "request", "GET", "config_dump?resource=dynamic_route_configs");
    }
  });

  test.each<[string, Partial<CircuitBreakerConfig>, string, number, number]>([
    ["http2MaxRequests", { http2MaxRequests: 4 }, '"max_requests": 4,', 4, 4],
    // While the first connection is made one request may wait; Envoy gives each replica a connection, whatever the limit.
    [
      "maxConnections and http1MaxPendingRequests",
      { maxConnections: 2, http1MaxPendingRequests: 1 },
      '"max_connections": 2,',
      1,
      replicas + 2,
    ],
  ])("what is more than %s is shed at once, with 503 and UO", async (_, breaker, threshold, fewest, most) => {
    const count = 12;
    const before = await shedInLog();
    const results: Result[] = [];
    await withObjects(kubeconfig, [accessLog], async () => {
      await everyPod({ latencyMedian: "2s", latencyP99: "2s" });
      await broken({});
      await expect.poll(told, { timeout: 60_000 }).toContain('"max_requests": 1024,');
      // The control: within the limits that are there by default.
      expect(failuresOf(await sent(count, count))).toEqual([]);

      await broken(breaker);
      await expect.poll(told, { timeout: 60_000 }).toContain(threshold);
      results.push(...(await sent(count, count)));
      // Envoy writes its log every ten seconds.
      await expect.poll(shedInLog, { timeout: 60_000 }).toBe(before + failuresOf(results).length);
    });
    const shed = results.filter(({ failure }) => failure !== undefined);
    const served = results.filter(({ failure }) => failure === undefined);
    expect(served.length).toBeGreaterThanOrEqual(fewest);
    expect(served.length).toBeLessThanOrEqual(most);
    expect(failuresOf(shed)).toEqual(shed.map(() => expect.stringMatching(/^503 .*reset reason: overflow/)));
    expect(Math.max(...shed.map(({ ms }) => ms))).toBeLessThan(Math.min(...served.map(({ ms }) => ms)));
  });

  /** How many requests the gateway's log has with the flag. */
  async function shedInLog(): Promise<number> {
    const [gateway] = await view.pods("istio-ingress");
    const log = await kubectl(kubeconfig, ["--namespace", "istio-ingress", "logs", gateway?.name ?? ""]);
    return [...log.matchAll(/ 503 UO /g)].length;
  }
});

const accessLog = {
  apiVersion: "telemetry.istio.io/v1",
  kind: "Telemetry",
  metadata: { name: "access-log", namespace: "istio-ingress" },
  spec: { accessLogging: [{ providers: [{ name: "envoy" }] }] },
};

/** Three replicas of asr, and behind them llm, each with so little time that a silence of asr's streams is its own. */
function threeReplicas(mesh: MeshConfig, breaker: CircuitBreakerConfig): MeshConfig {
  const { asr, llm } = mesh.services;
  if (asr === undefined || llm === undefined) throw new Error("the local stack lacks a stage");
  const versions = asr.versions.map((version) => ({ ...version, replicas }));
  const short = "3s";
  return {
    ...mesh,
    pipeline: ["asr", "llm"],
    services: {
      asr: { ...asr, versions, circuitBreaker: breaker, streams: { idleTimeout: silence } },
      llm: { ...llm, streams: { idleTimeout: short }, timeouts: { realtime: short, offline: short } },
    },
  };
}

const filterOf = z.object({ spec: z.object({ configPatches: z.array(z.unknown()) }) });

function podsOf(results: readonly Result[]): string[] {
  return visitsOf(results, "asr").map(({ pod }) => pod);
}
