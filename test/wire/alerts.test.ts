import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { load, visitsOf } from "../../cli/demo/load.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { waitFor } from "../../lab/wait.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";
import { trafficTo, type Traffic } from "../support/traffic.ts";

const answer = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })) }),
});
const counted = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});

/** Requests that a span must hold for a judgement. */
const enough = 50;

describeOnLab("an alert on what Prometheus has scraped", () => {
  let url: string;
  let view: ClusterView;
  let traffic: Traffic;

  beforeAll(async () => {
    ({ url, view } = await localMesh((local) => withTts(local, { LATENCY_MEDIAN: "20ms", LATENCY_P99: "40ms" })));
    traffic = trafficTo({ url });
  });

  afterAll(async () => {
    await traffic.end();
  });

  async function prometheus(): Promise<string> {
    const pod = (await view.pods("observability")).find(({ app }) => app === "prometheus");
    if (pod === undefined) throw new Error("no pod of Prometheus");
    return `http://${pod.ip}:9090/api/v1`;
  }

  async function firing(): Promise<Record<string, string>[]> {
    const response = await fetch(`${await prometheus()}/alerts`, { signal: AbortSignal.timeout(5_000) });
    const { alerts } = answer.parse(await response.json()).data;
    return alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels);
  }

  /** Requests of tts in the span of a minute that ended so long ago. */
  async function requestsBefore(ago: string): Promise<number> {
    const query = `sum(increase(stage_requests_total{stage="tts"}[1m] offset ${ago}))`;
    const response = await fetch(`${await prometheus()}/query?query=${encodeURIComponent(query)}`);
    const [first] = counted.parse(await response.json()).data.result;
    return Number(first?.value[1] ?? 0);
  }

  test("is silent while nothing rises, fires when tts becomes slow, and names the node", async () => {
    await waitFor("two spans of ordinary requests", { seconds: 240 }, async () => {
      const told = Math.min(await requestsBefore("0s"), await requestsBefore("1m"));
      return told >= enough || `${told} requests`;
    });
    expect(await firing()).toEqual([]);

    await applied(stackWith("local", (local) => withTts(local, { LATENCY_MEDIAN: "400ms", LATENCY_P99: "600ms" })));
    // In a chain the stages before tts wait for it, and rise as well; face, behind it, does not.
    const ofTts = async () => (await firing()).find(({ stage }) => stage === "tts");
    await waitFor("the alert on tts fires", { seconds: 240 }, async () => (await ofTts()) !== undefined || "not yet");
    const alert = await ofTts();
    expect((await firing()).map(({ stage }) => stage)).not.toContain("face");
    const [visit] = visitsOf(await load({ url, concurrency: 1, timeout: 60_000 }, (sent) => sent >= 1), "tts");
    expect(alert).toMatchObject({ alertname: "StageLatencyRise", stage: "tts", node: visit?.node });
  });
});

/** The local stack with other latencies of tts, and alerts that judge by the minute. */
function withTts(mesh: MeshConfig, env: Record<string, string>): MeshConfig {
  const { tts } = mesh.services;
  if (tts === undefined) throw new Error("the local stack has no tts");
  const versions = tts.versions.map((version) => ({ ...version, env: { ...version.env, ...env } }));
  const { latency } = mesh.telemetry.alerts;
  return {
    ...mesh,
    services: { ...mesh.services, tts: { ...tts, versions } },
    telemetry: {
      ...mesh.telemetry,
      alerts: { ...mesh.telemetry.alerts, latency: { ...latency, within: "1m", minRequests: enough } },
    },
  };
}
