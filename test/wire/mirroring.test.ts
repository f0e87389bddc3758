import { CoreV1Api, CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { beforeAll, expect, test } from "vitest";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { countVersions, failuresOf, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import { mostCopies } from "../../components/traffic/mirror.ts";
import type { MeshConfig, ServiceConfig } from "../../config/schema.ts";
import { seconds } from "../../services/duration.ts";
import { serviceName } from "../../services/stage.ts";
import { standing } from "../../services/standing.ts";
import { changeStage, metricsOfStage, requestsOfStage, statusFromPod, type Container } from "../support/exec.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { counted } from "../support/stage-counters.ts";
import { stackWith } from "../support/stack.ts";
import { trafficDuring } from "../support/traffic.ts";
import { upload } from "../support/upload.ts";

const percent = 5;
const deviations = 5;
const shadowName = "candidate-v2";

/** More than sockets and sidecars hold of a body that nobody reads. */
const large = 64_000_000;
/** Longest silences of tts' streams: longer than these tests take, and as short as one of them waits. */
const long = "30m";
const short = "20s";
/** The name by which the gateway is asked for the control. */
const unlimited = "every-body-copied.example.com";

/** The stages that have a shadow: the gateway copies to that of asr, asr's sidecar to that of tts. */
const mirrored = ["asr", "tts"] as const;
type Mirrored = (typeof mirrored)[number];

/** tts is one that streams: a copy of a call that does not ends with its route's timeout. */
const streaming = "kokoro";
const portOf = (stage: Mirrored | "face") =>
  standing(stage, "simulator", stage === "tts" ? streaming : undefined).engine.port;

describeOnLab("a shadow", () => {
  let url: string;
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ url, kubeconfig, view } = await localMesh((mesh) => withShadows(mesh)));
    for (const stage of mirrored) await untilReached(await podOf(stage, shadowName), stage);
  });

  function send(count: number): Promise<Result[]> {
    return load({ url, concurrency: 16, timeout: 60_000 }, (sent) => sent >= count);
  }

  /** No request fails, and each is answered by the stages' production versions and nobody else. */
  function expectUntouched(results: readonly Result[]): void {
    expect(failuresOf(results)).toEqual([]);
    for (const stage of mirrored)
      expect([...countVersions(visitsOf(results, stage))]).toEqual([["production", results.length]]);
  }

  /** A pod of a version whose stage and sidecar are both ready. */
  async function readyPod(stage: Mirrored, version: string, not?: Container): Promise<Container | undefined> {
    const pod = (await view.pods("linly")).find(
      ({ name, app, ready, ...found }) =>
        app === serviceName({ name: stage }) &&
        found.version === version &&
        name !== not?.pod &&
        [stage, "istio-proxy"].every((container) => ready.includes(container)),
    );
    return pod && { kubeconfig, namespace: "linly", pod: pod.name, container: stage };
  }

  async function podOf(stage: Mirrored, version: string): Promise<Container> {
    const pod = await readyPod(stage, version);
    if (pod === undefined) throw new Error(`no pod of ${stage} ${version} is ready`);
    return pod;
  }

  /** Waits until requests arrive at a pod: what was applied last is in force. */
  async function untilReached(pod: Container, stage: Mirrored): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      await send(50);
      if ((await requestsOfStage(pod, portOf(stage))) > 0) return;
    }
    throw new Error(`no request ever came to ${pod.pod}`);
  }

  /** Waits until a replica has so many requests that it has not answered. */
  async function untilOpen(pod: Container, stage: Mirrored, count: number): Promise<void> {
    const seen: number[] = [];
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const { open } = await workOf(pod, stage);
      if (open === count) return;
      seen.push(open);
    }
    throw new Error(`${pod.pod} never had ${count} requests open, but ${[...new Set(seen)].join(", ")}`);
  }

  /** Requests that a replica has answered, by status, and those that it has not answered yet. */
  async function workOf(pod: Container, stage: Mirrored): Promise<{ ok: number; failed: number; open: number }> {
    const metrics = await metricsOfStage(pod, portOf(stage));
    return {
      ok: counted(metrics, "stage_requests_total", { code: "200" }),
      failed: counted(metrics, "stage_requests_total", { code: "500" }),
      open: counted(metrics, "stage_requests_in_flight"),
    };
  }

  test("gets its share of 10,000 requests, which are answered without it", async () => {
    const seen = async () => ({
      asr: (await workOf(await podOf("asr", shadowName), "asr")).ok,
      tts: (await workOf(await podOf("tts", shadowName), "tts")).ok,
      production: (await workOf(await podOf("tts", "production"), "tts")).ok,
    });
    const before = await seen();
    const results = await send(10_000);
    expectUntouched(results);
    const after = await seen();

    for (const stage of mirrored) expectShare(after[stage] - before[stage], results.length);
    // Had the shadow of asr called the stage behind it, tts would have worked on its copies as well.
    expect(after.production - before.production).toBe(results.length);
  });

  test("calls nobody, where production calls the next stage", async () => {
    const face = `http://face-service.linly.svc.cluster.local:${portOf("face")}/voices`;
    expect(await statusFromPod({ ...(await podOf("tts", "production")), url: face })).toBe("200");
    expect(await statusFromPod({ ...(await podOf("tts", shadowName)), url: face })).toMatch(/^error: |^50\d$/);
  });

  test("that fails is noticed by nobody", async () => {
    const shadow = await podOf("tts", shadowName);
    await changeStage(shadow, portOf("tts"), { errorRate: 1, errorStatus: 500 });
    const before = await workOf(shadow, "tts");
    expectUntouched(await send(1000));
    expectShare((await workOf(shadow, "tts")).failed - before.failed, 1000);
  });

  test("that hangs is waited for by nobody", async () => {
    const shadow = await podOf("tts", shadowName);
    await changeStage(shadow, portOf("tts"), { errorRate: 0, latencyMedian: "30m" });
    const before = await workOf(shadow, "tts");
    expectUntouched(await send(1000));
    const { ok, open } = await workOf(shadow, "tts");
    // Every request is answered, and not one of the copies.
    expectShare(open, 1000);
    expect(ok).toBe(before.ok);
  });

  test("that dies while it works takes nobody with it, and the next one gets copies", async () => {
    const shadow = await podOf("tts", shadowName);
    expect((await workOf(shadow, "tts")).open).toBeGreaterThan(0);
    const meanwhile = await trafficDuring({ url }, async () => {
      await killed(shadow);
      await untilReached(await untilReplaced(shadow), "tts");
    });
    expectUntouched(meanwhile);
  });

  test("that hangs keeps no copy for longer than a stream may be silent; the control: those that may be silent for long", async () => {
    /** A shadow that hangs, with connections that know nothing but today's bound, and copies that it has not answered. */
    const hanging = async () => {
      const before = await podOf("tts", shadowName);
      await killed(before);
      const shadow = await untilReplaced(before);
      await untilReached(shadow, "tts");
      await changeStage(shadow, portOf("tts"), { latencyMedian: "30m", latencyP99: "30m" });
      expectUntouched(await send(300));
      const openNow = async () => (await workOf(shadow, "tts")).open;
      return { shadow, openNow, open: await openNow() };
    };
    const control = await hanging();
    expect(control.open).toBeGreaterThan(0);
    const since = performance.now();
    while (performance.now() - since < 2 * seconds(short) * 1000) expect(await control.openNow()).toBe(control.open);

    await applied(stackWith("local", (mesh) => withShadows(mesh, percent, short)));
    await expect.poll(() => listenersOf(control.shadow), { timeout: 60_000 }).toContain(`"idle_timeout": "${short}"`);
    const { shadow, openNow, open } = await hanging();
    expect(open).toBeGreaterThan(0);
    await expect.poll(openNow, { timeout: 120_000 }).toBe(0);
    await killed(shadow);
    await untilReplaced(shadow);
  });

  /** What a pod's sidecar was told of what it listens to. */
  async function listenersOf({ pod }: Container): Promise<string> {
    const inside = ["--namespace", "linly", "exec", pod, "--container", "istio-proxy", "--"];
    const listeners = ["pilot-agent", "request", "GET", "config_dump?resource=dynamic_listeners"];
    return kubectl(kubeconfig, [...inside, ...listeners]);
  }

  test("that reads nothing any more holds no body back; the control: were every body copied, it would", async () => {
    await applied(stackWith("local", (mesh) => withShadows(mesh, 100)));
    const shadow = await podOf("asr", shadowName);
    await untilAllCopied(shadow);
    await changeStage(shadow, portOf("asr"), { stalled: true });
    try {
      const copied = { url, bytes: 999_999, timeout: 60_000 };
      expect(new Set(await Promise.all(Array.from({ length: 20 }, () => upload(copied))))).toEqual(new Set([200]));
      await untilOpen(shadow, "asr", 20);
      for (let count = 0; count < 3; count += 1) expect(await upload({ ...copied, bytes: large })).toBe(200);

      const isHeld = async () => (await upload({ ...copied, host: unlimited, bytes: large, timeout: 5000 })) === "held";
      expect(await withUnlimitedCopies(isHeld)).toBe(true);

      // A caller has so many copies under way, and sends no more.
      expectUntouched(await send(300));
      await untilOpen(shadow, "asr", mostCopies);
    } finally {
      await killed(shadow);
    }
  });

  async function untilAllCopied(shadow: Container): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const before = await requestsOfStage(shadow, portOf("asr"));
      await send(50);
      if ((await requestsOfStage(shadow, portOf("asr"))) - before === 50) return;
    }
    throw new Error(`not every request was copied to ${shadow.pod}`);
  }

  /** Whether something comes true, tried some times, while the gateway copies every request for a name of its own. */
  async function withUnlimitedCopies(condition: () => Promise<boolean>): Promise<boolean> {
    const api = configOfLab().makeApiClient(CustomObjectsApi);
    const rules = { group: "networking.istio.io", version: "v1", plural: "virtualservices", namespace: "linly" };
    const name = "every-body-copied";
    const to = (subset: string) => ({ destination: { host: "asr-service.linly.svc.cluster.local", subset } });
    const http = [{ route: [to("production")], mirrors: [{ ...to(shadowName), percentage: { value: 100 } }] }];
    const spec = { hosts: [unlimited], gateways: ["ingress"], http };
    const body = { apiVersion: "networking.istio.io/v1", kind: "VirtualService", metadata: { name }, spec };
    await api.createNamespacedCustomObject({ ...rules, body });
    try {
      for (let attempt = 0; attempt < 20; attempt += 1) if (await condition()) return true;
      return false;
    } finally {
      await api.deleteNamespacedCustomObject({ ...rules, name });
    }
  }

  function configOfLab(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    config.setCurrentContext("local");
    return config;
  }

  /** Ends a pod at once, with all that it has under way. */
  async function killed({ namespace, pod }: Container): Promise<void> {
    await configOfLab().makeApiClient(CoreV1Api).deleteNamespacedPod({ namespace, name: pod, gracePeriodSeconds: 0 });
  }

  /** The pod that comes in a shadow's place; users go on meanwhile. */
  async function untilReplaced(shadow: Container): Promise<Container> {
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      const next = await readyPod("tts", shadowName, shadow);
      if (next !== undefined) return next;
      await send(20);
    }
    throw new Error(`nothing came in place of ${shadow.pod}`);
  }

  test("the control: a version with the same share that answers callers is noticed when it fails", async () => {
    await applied(stackWith("local", withCanary));
    const canary = await podOf("tts", shadowName);
    await untilReached(canary, "tts");
    await changeStage(canary, portOf("tts"), { errorRate: 1, errorStatus: 500 });
    const failures = (await send(1000)).filter(({ failure }) => failure !== undefined);
    expectShare(failures.length, 1000);
  });
});

/** That so many of all requests are what chance makes of the share that is mirrored. */
function expectShare(count: number, requests: number): void {
  const { low, high } = expectedCount(percent / 100, requests, deviations);
  expect(count).toBeGreaterThanOrEqual(low);
  expect(count).toBeLessThanOrEqual(high);
}

/** The local stack without llm and without a wait, asr and tts with a shadow each. */
function withShadows(mesh: MeshConfig, share = percent, silence: typeof long | typeof short = long): MeshConfig {
  const { asr, tts, face } = mesh.services;
  const mirror = { to: shadowName, percent: share };
  return {
    ...mesh,
    pipeline: ["asr", "tts", "face"],
    services: {
      // Longer than a body is held back here: a copy ends with the time of its request, and makes room for another.
      asr: { ...withVersions(asr, { production: 100, [shadowName]: 0 }), mirror, timeouts: { realtime: "5m" } },
      // What is under way in a sidecar stays there for as long when its listener changes.
      tts: {
        ...withVersions(tts, { production: 100, [shadowName]: 0 }),
        mirror,
        simulates: streaming,
        streams: { idleTimeout: silence, longest: "10m" },
      },
      face: withVersions(face, { v1: 100 }),
    },
  };
}

/** The same with a canary of tts in place of the shadow. */
function withCanary(mesh: MeshConfig): MeshConfig {
  const { asr, tts, face } = withShadows(mesh).services;
  const weights = { production: 100 - percent, [shadowName]: percent };
  return {
    ...withShadows(mesh),
    services: { ...(asr && { asr }), tts: { ...withVersions(tts, weights), mirror: undefined }, ...(face && { face }) },
  };
}

/** A service with versions alike but for their names and weights, which answer without a wait. */
function withVersions(service: ServiceConfig | undefined, weights: Record<string, number>): ServiceConfig {
  const [first] = service?.versions ?? [];
  if (service === undefined || first === undefined) throw new Error("the local stack lacks a stage");
  const versions = Object.entries(weights).map(([name, weight]) => ({ ...first, name, weight, env: {} }));
  return { ...service, versions };
}
