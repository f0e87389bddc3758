import { once } from "node:events";
import { Agent, createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterAll, expect, test } from "vitest";
import { endSimulators, send, simulator, started } from "../support/simulator.ts";

afterAll(endSimulators);

const next = (name: string, url: string) => JSON.stringify([{ name, url: `${url}/${name}` }]);

test("four stages in a chain: the answer tells the path, each stage its own time", async () => {
  const face = await started({ STAGE: "face", POD_NAME: "face-0", NODE_NAME: "gpu-1", LATENCY_MEDIAN: "40ms" });
  const tts = await started({ STAGE: "tts", NEXT_HOPS: next("face", face.url) });
  const llm = await started({ STAGE: "llm", VERSION: "v2", NEXT_HOPS: next("tts", tts.url), LATENCY_MEDIAN: "20ms" });
  const asr = await started({ STAGE: "asr", NEXT_HOPS: next("llm", llm.url) });

  const { status, text } = await send(`${asr.url}/api/v1/talk`, { body: Buffer.alloc(3_000_000) });
  const answer = JSON.parse(text);
  expect(status).toBe(200);
  expect(answer.path.map(({ stage }: { stage: string }) => stage)).toEqual(["asr", "llm", "tts", "face"]);
  expect(answer).toMatchObject({ stage: "asr", version: "v1", ms: answer.path[0].ms });
  expect(answer.path[1]).toMatchObject({ stage: "llm", version: "v2" });
  expect(answer.path[3]).toMatchObject({ pod: "face-0", node: "gpu-1" });
  expect(answer.path[3].ms).toBeGreaterThanOrEqual(39);
  expect(answer.path[1].ms).toBeLessThan(answer.totalMs - 35);
  expect(answer.totalMs).toBeGreaterThanOrEqual(58);

  const { text: metrics } = await send(`${asr.url}/metrics`);
  expect(metrics).toContain(
    'stage_requests_total{stage="asr",version="v1",route="/api/v1/talk",method="POST",code="200"} 1',
  );
  expect(metrics).toContain('stage_request_bytes_total{stage="asr",version="v1"} 3000000');
  expect(metrics).toMatch(/stage_request_duration_seconds_count\{.*\} 1/);
  expect(metrics).toContain('stage_requests_in_flight{stage="asr",version="v1"} 0');
});

test("a hop that fails: 502, the path so far, and which call it was", async () => {
  const tts = await started({ STAGE: "tts", ERROR_RATE: "1", ERROR_STATUS: "500" });
  const llm = await started({ STAGE: "llm", NEXT_HOPS: next("tts", tts.url) });
  const asr = await started({ STAGE: "asr", NEXT_HOPS: next("llm", llm.url) });
  const { status, text } = await send(asr.url);
  const answer = JSON.parse(text);
  expect(status).toBe(502);
  expect(answer.path.map(({ stage }: { stage: string }) => stage)).toEqual(["asr", "llm", "tts"]);
  expect(answer.failedHop).toMatchObject({ from: "llm", name: "tts", status: 500 });

  const alone = await started({ STAGE: "asr", NEXT_HOPS: next("llm", "http://127.0.0.1:1") });
  const unreachable = await send(alone.url);
  expect(unreachable.status).toBe(502);
  expect(unreachable.text).toContain("ECONNREFUSED");
  expect((await send(`${alone.url}/metrics`)).text).toContain(
    'stage_hop_failures_total{stage="asr",version="v1",hop="llm"} 1',
  );
});

test("trace context goes through: one trace, a span for each call, the rest unchanged", async () => {
  const seen: IncomingHttpHeaders[] = [];
  const recorder = createServer((message, response) => {
    seen.push(message.headers);
    response.end("a video");
  }).listen(0);
  await once(recorder, "listening");
  const address = recorder.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const url = `http://127.0.0.1:${address.port}/`;
  const hops = JSON.stringify([
    { name: "a", url },
    { name: "b", url, method: "POST" },
  ]);
  const { url: entry } = await started({ STAGE: "entry", NEXT_HOPS: hops });

  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const given = {
    traceparent: `00-${trace}-00f067aa0ba902b7-00`,
    tracestate: "vendor=1",
    baggage: "user=7",
    "x-request-id": "r-1",
  };
  const { text } = await send(entry, { headers: given });
  expect(JSON.parse(text).path.map(({ stage }: { stage: string }) => stage)).toEqual(["entry", "a", "b"]);
  const spans = seen.map(
    ({ traceparent }) => new RegExp(`^00-${trace}-([0-9a-f]{16})-00$`).exec(String(traceparent))?.[1],
  );
  expect(new Set([...spans, "00f067aa0ba902b7", undefined]).size).toBe(4);
  for (const headers of seen)
    expect(headers).toMatchObject({ tracestate: "vendor=1", baggage: "user=7", "x-request-id": "r-1" });

  seen.length = 0;
  await send(entry, { headers: { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, tracestate: "vendor=1" } });
  const ids = seen.map(({ traceparent }) => /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(String(traceparent))?.[1]);
  expect(ids[0]).toMatch(/[1-9a-f]/);
  expect(ids[1]).toBe(ids[0]);
  expect(seen[0]).not.toHaveProperty("tracestate");
  recorder.close();
});

test("an error rate of 0.2 over 2,000 requests, within 5 standard deviations", async () => {
  const { url } = await started({ STAGE: "llm", ERROR_RATE: "0.2" });
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const statuses = await Promise.all(Array.from({ length: 2000 }, async () => (await send(url, { agent })).status));
  agent.destroy();
  const failed = statuses.filter((status) => status === 503).length;
  expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
  expect(Math.abs(failed - 400)).toBeLessThan(5 * Math.sqrt(2000 * 0.2 * 0.8));
});

test("SIGTERM: not ready, what has begun is finished, connections are closed, exit 0", async () => {
  const { child, url } = await started({ STAGE: "face", LATENCY_MEDIAN: "4s", DRAIN_TIME: "3s" });
  const agent = new Agent({ keepAlive: true });
  expect((await send(`${url}/readyz`, { agent })).status).toBe(200);
  const begun = send(url, { agent });
  await expect.poll(async () => (await send(`${url}/metrics`)).text).toMatch(/in_flight\{.*\} 1/);
  child.kill("SIGTERM");
  await expect.poll(async () => (await send(`${url}/readyz`)).status).toBe(503);
  expect((await send(`${url}/healthz`)).status).toBe(200);
  const exit = once(child, "exit");
  const { status, headers } = await begun;
  expect([status, headers.connection]).toEqual([200, "close"]);
  expect(await exit).toEqual([0, null]);
  agent.destroy();
});

test("while it drains, the end of one answer closes no other connection, on which the next request may be under way", async () => {
  const { child, port, url } = await started({ STAGE: "face", DRAIN_TIME: "60s" });
  const kept = connect(port);
  let answers = "";
  kept.setEncoding("utf8").on("data", (text: string) => (answers += text));
  const ask = () => kept.write("GET /talk HTTP/1.1\r\nhost: face\r\n\r\n");
  const answered = () => answers.split("HTTP/1.1 200 ").length - 1;
  ask();
  await expect.poll(answered).toBe(1);

  child.kill("SIGTERM");
  await expect.poll(async () => (await send(`${url}/readyz`)).status).toBe(503);
  for (let other = 0; other < 5; other += 1) expect((await send(url)).status).toBe(200);
  ask();
  await expect.poll(answered).toBe(2);
  kept.destroy();
});

test("while it loads it lives, is not ready and answers 503", async () => {
  const { url } = await started({ STAGE: "llm", LOAD_TIME: "3s" });
  expect((await send(`${url}/healthz`)).status).toBe(200);
  expect((await send(`${url}/readyz`)).status).toBe(503);
  expect((await send(url)).status).toBe(503);
  await expect.poll(async () => (await send(`${url}/readyz`)).status, { timeout: 30_000 }).toBe(200);
});

test("a bad environment: every fault is told, exit 2", async () => {
  const child = simulator({
    PORT: "70000",
    ERROR_RATE: "2",
    LATENCY_MEDIAN: "2s",
    LATENCY_P99: "1s",
    LOAD_TIME: "soon",
    NEXT_HOPS: '[{"name":"tts","url":"tts:8080","verb":"GET","protocol":"h2"}]',
  });
  const [exit, text] = await Promise.all([
    once(child, "exit"),
    (async () => {
      let told = "";
      for await (const chunk of child.stderr) told += String(chunk);
      return told;
    })(),
  ]);
  expect(exit[0]).toBe(2);
  expect(text).toContain("the environment has 8 problems:");
  for (const name of ["STAGE", "PORT", "ERROR_RATE", "LATENCY_P99", "LOAD_TIME", "[0].url", "[0].verb", "[0].protocol"])
    expect(text).toContain(name);
});
