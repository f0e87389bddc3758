import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { failuresOf, load, visitsOf } from "../../cli/demo/load.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { serviceOf } from "../support/service.ts";
import { changeStage, metricsOfStage, type Container } from "../support/exec.ts";
import { GrpcClient, methods, type Told } from "../support/grpc.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { podStates, serving } from "../support/pod-states.ts";
import { stackWith } from "../support/stack.ts";
import { counted } from "../support/stage-counters.ts";
import { Stream, whole } from "../support/streams.ts";

const namespace = "linly";
const port = 9000;

/** A stream that goes on until its client leaves. */
const endless = { events: 1_000_000, interval: "100ms" };

/** Two versions of an entry stage that speaks gRPC, whose caller is the gateway, before the stages that speak HTTP. */
describeOnLab("calls of gRPC", () => {
  let host: string;
  let kubeconfig: string;
  let client: GrpcClient;
  let weights = { v1: 0, v2: 100 };
  let settings: Record<string, string> = {};
  const opened: Stream[] = [];

  beforeAll(async () => {
    const mesh = await localMesh((local) => withPose(local, weights, settings));
    host = mesh.address;
    ({ kubeconfig } = mesh);
    client = new GrpcClient(`${host}:80`);
  });

  afterEach(() => {
    for (const stream of opened.splice(0)) stream.close();
  });

  afterAll(() => client.close());

  async function up(): Promise<void> {
    await applied(stackWith("local", (mesh) => withPose(mesh, weights, settings)));
  }

  async function stream(plan = endless): Promise<Stream> {
    const begun = await Stream.call(client, plan);
    opened.push(begun);
    return begun;
  }

  /** What so many calls are told, one after the other. */
  async function told(count: number, method: string): Promise<Told[]> {
    const answers: Told[] = [];
    while (answers.length < count) answers.push(await client.ask(method));
    return answers;
  }

  async function replicas(): Promise<string[]> {
    return serving(await podStates(kubeconfig, namespace, "pose-service"));
  }

  const worked = (pod: string, method: string, code?: string) => workedIn(poseIn(kubeconfig, pod), method, code);

  test("on one connection are spread over the replicas, and go down the pipeline", async () => {
    const answers = await told(40, methods.infer);
    const stages = answers.map((answer) =>
      typeof answer === "string" ? answer : answer.path.map(({ stage }) => stage),
    );
    expect(stages).toEqual(answers.map(() => ["pose", "asr", "llm", "tts", "face"]));
    expect(podsOf(answers).size).toBe(2);
  });

  test("of a method that nobody lists are refused, as are those of a stage behind the entry", async () => {
    expect(await client.ask("/linly.v1.Stage/Change")).toBe("PERMISSION_DENIED");
    expect(await client.ask("/talker_response/")).toBe("PERMISSION_DENIED");
    // The control: with one that is listed they get in.
    expect(await client.ask(methods.generate)).toMatchObject({ stage: "pose" });
  });

  describe("to a version of which one replica of two says UNAVAILABLE", () => {
    let bad: string;

    beforeAll(async () => {
      [bad = ""] = podsOf(await told(20, methods.infer));
      await changeStage(poseIn(kubeconfig, bad), port, { errorRate: 1, errorStatus: 503 });
    });

    test("are tried again where that repeats nothing", async () => {
      const failed = () => worked(bad, methods.infer, "503");
      // The breaker takes it out at five in a row.
      for (let calls = 0; calls < 100 && (await failed()) < 3; calls += 1)
        expect(await client.ask(methods.infer)).toMatchObject({ stage: "pose" });
      expect(await failed()).toBe(3);
    });

    test("run once where they generate, until the breaker takes the replica out", async () => {
      const all = await replicas();
      const before = await Promise.all(all.map((pod) => worked(pod, methods.generate)));
      const answers = await told(100, methods.generate);
      const after = await Promise.all(all.map((pod) => worked(pod, methods.generate)));
      expect(sum(after) - sum(before)).toBe(answers.length);
      // Three of five were those before.
      expect(answers.filter((answer) => answer === "UNAVAILABLE")).toHaveLength(2);
      expect(await worked(bad, methods.generate, "503")).toBe(2);
      expect(podsOf(answers).has(bad)).toBe(false);
    });
  });

  test("that are streams come piece by piece, and outlive a canary's move and a rollout", async () => {
    const kept = await stream();
    await kept.next(3);
    expect(whole(kept.pieces)).toEqual({ pods: 1, versions: ["v2"] });
    weights = { v1: 100, v2: 0 };
    settings = { LATENCY_MEDIAN: "9ms" };
    await up();
    // Those that begin now, on the same connection, go to the other version: the control.
    await expect.poll(async () => versionsOf(await told(20, methods.infer)), { timeout: 60_000 }).toEqual(["v1"]);

    await kept.next(5);
    expect(whole(kept.pieces)).toEqual({ pods: 1, versions: ["v2"] });
    const pods = await podStates(kubeconfig, namespace, "pose-service");
    const own = pods.filter(({ name }) => name === kept.pieces[0]?.pod);
    expect(own.map(({ ending }) => ending)).toEqual([true]);
    // One that has an end comes to it.
    expect(await (await stream({ events: 2, interval: "10ms" })).ended).toBe("end");
  });

  test("that are streams end when they fall silent, and go on while they talk", async () => {
    const talking = await stream({ events: 1_000_000, interval: "1s" });
    const silent = await stream({ events: 1_000_000, interval: "60m" });
    expect(await silent.ended).toMatch(/^cut/);
    await talking.next(2);
    expect(whole(talking.pieces).pods).toBe(1);
  });
});

/** The same stage behind asr, which calls it by gRPC: from sidecar to sidecar. */
describeOnLab("calls of gRPC between stages", () => {
  let url: string;
  let kubeconfig: string;

  beforeAll(async () => {
    const mesh = await localMesh((local) =>
      withPose(local, { v1: 0, v2: 100 }, {}, ["asr", "pose", "llm", "tts", "face"]),
    );
    ({ url, kubeconfig } = mesh);
  });

  const inferred = (pod: string, code: string) => workedIn(poseIn(kubeconfig, pod), methods.infer, code);

  test("reach all replicas, and one that says UNAVAILABLE is hidden from the caller", async () => {
    const send = (count: number) => load({ url, concurrency: 1, timeout: 60_000 }, (already) => already >= count);
    const first = await send(40);
    expect(failuresOf(first)).toEqual([]);
    const met = new Set(visitsOf(first, "pose").map(({ pod }) => pod));
    expect(met.size).toBe(2);
    // The control: they came by gRPC.
    for (const pod of met) expect(await inferred(pod, "200")).toBeGreaterThan(0);

    const [bad = ""] = met;
    await changeStage(poseIn(kubeconfig, bad), port, { errorRate: 1, errorStatus: 503 });
    const results = await send(60);
    expect(failuresOf(results)).toEqual([]);
    expect(visitsOf(results, "pose").filter(({ pod }) => pod === bad)).toEqual([]);
    // Out after five in a row.
    expect(await inferred(bad, "503")).toBe(5);
  });
});

function poseIn(kubeconfig: string, pod: string): Container {
  return { kubeconfig, namespace, pod, container: "pose" };
}

/** How many calls of a method a replica has worked on, by what HTTP's status would be. */
async function workedIn(container: Container, method: string, code?: string): Promise<number> {
  const labels = { route: method, ...(code !== undefined && { code }) };
  return counted(await metricsOfStage(container, port), "stage_requests_total", labels);
}

function podsOf(answers: readonly Told[]): Set<string> {
  return new Set(answers.flatMap((answer) => (typeof answer === "string" ? [] : [answer.pod])));
}

function versionsOf(answers: readonly Told[]): string[] {
  return [...new Set(answers.map((answer) => (typeof answer === "string" ? answer : answer.version)))];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The local stack with pose as one more stage, before the others by default: two versions, the second with two replicas. */
function withPose(
  mesh: MeshConfig,
  weights: { v1: number; v2: number },
  env: Record<string, string>,
  pipeline: MeshConfig["pipeline"] = ["pose", ...mesh.pipeline],
): MeshConfig {
  const image = mesh.services.asr?.versions[0]?.image;
  const pose = serviceOf({
    engine: "simulator",
    simulates: "openvino-model-server-grpc",
    versions: [
      { name: "v1", weight: weights.v1, image },
      { name: "v2", weight: weights.v2, image, replicas: 2, env },
    ],
    // What the stages behind it do may be done twice, here.
    retries: { idempotentRoutes: [{ method: "POST", path: methods.infer }] },
    streams: { idleTimeout: "3s", longest: "3m" },
  });
  return { ...mesh, pipeline, services: { ...mesh.services, pose } };
}
