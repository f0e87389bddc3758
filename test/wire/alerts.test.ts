import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { load, visitsOf } from "../../cli/demo/load.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { installed, type MeshConfig, type ServiceConfig } from "../../config/schema.ts";
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

/** What is read and judged every five seconds, over the span of six. */
const scrapeInterval = "5s";
const span = "30s";

/** Requests that a span must hold for a judgement. */
const enough = 50;

describeOnLab("an alert on what Prometheus has scraped", () => {
  let url: string;
  let view: ClusterView;
  let traffic: Traffic;

  beforeAll(async () => {
    ({ url, view } = await localMesh((local) => withTts(local, { LATENCY_MEDIAN: "100ms", LATENCY_P99: "150ms" })));
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

  /** Requests of tts in the span that ended so long ago. */
  async function requestsBefore(ago: string): Promise<number> {
    const query = `sum(increase(stage_requests_total{stage="tts"}[${span}] offset ${ago}))`;
    const response = await fetch(`${await prometheus()}/query?query=${encodeURIComponent(query)}`);
    const [first] = counted.parse(await response.json()).data.result;
    return Number(first?.value[1] ?? 0);
  }

  test("is silent while nothing rises, fires when tts becomes slow, and names the node", async () => {
    await waitFor("two spans of ordinary requests", { seconds: 240 }, async () => {
      const told = Math.min(await requestsBefore("0s"), await requestsBefore(span));
      return told >= enough || `${told} requests`;
    });
    // Whatever the pods' own start was to it.
    await waitFor("nothing fires", { seconds: 240 }, async () => {
      const fired = await firing();
      return fired.length === 0 || JSON.stringify(fired);
    });

    const change = applied(
      stackWith("local", (local) => withTts(local, { LATENCY_MEDIAN: "1500ms", LATENCY_P99: "2s" })),
    );
    // It fires while one span is slow and the one before it was not: that may be over when the change is.
    let alerts: Record<string, string>[] = [];
    const alertOn = (name: string) => alerts.find(({ stage }) => stage === name);
    const fires = waitFor("the alert on tts fires", { seconds: 240 }, async () => {
      alerts = await firing();
      return alertOn("tts") !== undefined || "not yet";
    });
    await Promise.all([change, fires]);
    // In a chain the stages before tts wait for it, and rise as well; face, behind it, does not.
    expect(alertOn("face")).toBeUndefined();
    const [visit] = visitsOf(await load({ url, concurrency: 1, timeout: 60_000 }, (sent) => sent >= 1), "tts");
    expect(alertOn("tts")).toMatchObject({ alertname: "StageLatencyRise", stage: "tts", node: visit?.node });
  });
});

/**
 * The local stack with other latencies of tts, and alerts that look back over half a minute. Face, behind it, takes long enough
 * for a busy machine not to make that four times as much.
 */
function withTts(mesh: MeshConfig, env: Record<string, string>): MeshConfig {
  const { tts, face } = mesh.services;
  if (tts === undefined || face === undefined) throw new Error("the local stack has no tts or no face");
  const services = { tts: withEnv(tts, env), face: withEnv(face, { LATENCY_MEDIAN: "100ms", LATENCY_P99: "150ms" }) };
  const { latency } = mesh.telemetry.alerts;
  const prometheus = installed(mesh.addons.prometheus);
  if (prometheus === undefined) throw new Error("the local stack has no Prometheus");
  return {
    ...mesh,
    addons: { ...mesh.addons, prometheus: { ...prometheus, scrapeInterval } },
    services: { ...mesh.services, ...services },
    telemetry: {
      ...mesh.telemetry,
      alerts: { ...mesh.telemetry.alerts, latency: { ...latency, within: span, minRequests: enough } },
    },
  };
}

function withEnv(service: ServiceConfig, env: Record<string, string>): ServiceConfig {
  return { ...service, versions: service.versions.map((version) => ({ ...version, env: { ...version.env, ...env } })) };
}
