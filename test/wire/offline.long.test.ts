import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { load, type Result } from "../../cli/demo/load.ts";
import type { MeshConfig, OfflineConfig, ServiceConfig } from "../../config/schema.ts";
import type { StageName } from "../../services/catalogue.ts";
import { standing } from "../../services/standing.ts";
import { changeStage } from "../support/exec.ts";
import { applied, meshAsItIs } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { settled } from "../support/settled.ts";
import { stackWith } from "../support/stack.ts";

const offline: OfflineConfig = { header: "x-linly-offline", requests: 2 };
const saysOffline = { [offline.header]: "true" };

/** Senders of offline work, each with one request under way. */
const senders = 12;
/** Real-time requests that one user sends meanwhile, one after the other. */
const requests = 10;

/** The entry stage works on three requests at a time, as an engine does that has room for no more. */
describeOnLab("real-time work and offline work at one stage", () => {
  let url: string;
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ url, kubeconfig, view } = await meshAsItIs());
  });

  function send(count: number, headers: Record<string, string> = {}): Promise<Result[]> {
    return load({ url, concurrency: count, timeout: 60_000, headers }, (sent) => sent >= count);
  }

  /** Makes every replica of a stage take so long for a request. */
  async function slow(stage: StageName, latencyMedian: string): Promise<void> {
    const app = `${stage}-service`;
    const pods = (await view.pods("linly")).filter((pod) => pod.app === app);
    const { port } = standing(stage, "simulator").engine;
    await Promise.all(
      pods.map(({ name: pod }) =>
        changeStage({ kubeconfig, namespace: "linly", pod, container: stage }, port, { latencyMedian }),
      ),
    );
  }

  /** How many offline requests are served while a user sends requests and waits for each. */
  async function servedMeanwhile(): Promise<number> {
    let ended = 0;
    let served = 0;
    let enough = false;
    const sender = async () => {
      while (!enough) {
        const [result] = await send(1, saysOffline);
        ended += 1;
        if (result?.failure === undefined) served += 1;
        else expect(result.failure).toMatch(/^503 .*overflow/);
      }
    };
    const all = Promise.all(Array.from({ length: senders }, sender));
    // Every sender has come as far as its second request.
    await expect.poll(() => ended, { timeout: 60_000 }).toBeGreaterThanOrEqual(2 * senders);
    const before = served;
    const answers: Result[] = [];
    for (let sent = 0; sent < requests; sent += 1) answers.push(...(await send(1)));
    const meanwhile = served - before;
    enough = true;
    await all;
    expect(answers.filter(({ failure }) => failure !== undefined)).toEqual([]);
    return meanwhile;
  }

  test("the control: without a place of its own each real-time request waits its turn among all others", async () => {
    await applied(stackWith("local", (mesh) => withPlaces(mesh)));
    await settled(kubeconfig);
    // In turn means that each sender of offline work has one request served for each of the user's.
    expect(await servedMeanwhile()).toBeGreaterThan((requests * senders * 2) / 3);
  });

  test("with it, real-time requests wait for none, and of offline work goes on what there is room for", async () => {
    await applied(stackWith("local", (mesh) => ({ ...withPlaces(mesh), offline })));
    await settled(kubeconfig);
    await inForce();
    const served = await servedMeanwhile();
    // Its two places, as fast as the user's one.
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(requests * offline.requests * 2);
  });

  test("what is more than there are places is refused at once; a request in real time is not", async () => {
    await slow("asr", "3s");
    const [batch, user] = await Promise.all([send(8, saysOffline), send(1)]);
    const refused = batch.filter(({ failure }) => failure !== undefined);
    expect(refused.map(({ failure }) => /^503 .*overflow/.test(failure ?? ""))).toEqual(Array(6).fill(true));
    expect(user.map(({ failure }) => failure)).toEqual([undefined]);
    await slow("asr", "100ms");
  });

  test("offline work has its own time at the stages behind, and nobody but the gateway says what is", async () => {
    await slow("llm", "5s");
    const [batch, user, pretender] = await Promise.all([
      answered(saysOffline),
      answered({}),
      answered({ baggage: "class=offline" }),
    ]);
    expect(batch).toEqual({ status: 200 });
    const givenUp = { status: 502, failedHop: expect.objectContaining({ from: "asr", name: "llm", status: 504 }) };
    expect([user, pretender]).toEqual([givenUp, givenUp]);
  });

  /** The status of an answer and, where a stage had none from the next, which. */
  async function answered(headers: Record<string, string>): Promise<{ status: number; failedHop?: unknown }> {
    const response = await fetch(url, { method: "POST", headers });
    const { failedHop } = z.object({ failedHop: z.unknown().optional() }).parse(await response.json());
    return { status: response.status, ...(failedHop !== undefined && { failedHop }) };
  }

  /** Waits until the gateway refuses offline work that has no place. */
  async function inForce(): Promise<void> {
    for (let attempt = 1; attempt <= 100; attempt += 1)
      if ((await send(senders, saysOffline)).some(({ failure }) => failure !== undefined)) return;
    throw new Error("the gateway never refused anything");
  }
});

/** Pods of asr and llm that go when the stack is applied as it was, and with them what the tests told them meanwhile. */
function withPlaces(mesh: MeshConfig): MeshConfig {
  const { asr, llm, tts, face } = mesh.services;
  if (asr === undefined || llm === undefined || tts === undefined || face === undefined)
    throw new Error("the local stack lacks a stage");
  const withEnv = (service: ServiceConfig, env: Record<string, string>): ServiceConfig => ({
    ...service,
    versions: service.versions.map((version) => ({ ...version, env })),
  });
  const timeouts = { realtime: "3s" as const };
  return {
    ...mesh,
    services: {
      ...mesh.services,
      asr: withEnv(asr, { LATENCY_MEDIAN: "100ms", CONCURRENCY: "3" }),
      llm: { ...withEnv(llm, { LATENCY_MEDIAN: "30ms" }), timeouts },
      tts: { ...tts, timeouts },
      face: { ...face, timeouts },
    },
  };
}
