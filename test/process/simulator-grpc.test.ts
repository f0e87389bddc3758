import { connect } from "node:http2";
import { connect as connectPlain } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, test } from "vitest";
import { CallError, framed, messagesOf, planIn, statusOf } from "../../services/simulator/grpc.ts";
import { GrpcClient, methods } from "../support/grpc.ts";
import { endSimulators, send, started } from "../support/simulator.ts";
import { Stream } from "../support/streams.ts";

const clients: GrpcClient[] = [];
afterAll(() => {
  for (const client of clients) client.close();
  endSimulators();
});

async function stage(env: Record<string, string> = {}) {
  const simulator = await started({ STAGE: "pose", POD_NAME: "pose-0", ...env });
  const client = new GrpcClient(`127.0.0.1:${simulator.port}`);
  clients.push(client);
  return { ...simulator, client };
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function messagesIn(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of messagesOf(chunks)) messages.push(message.toString("utf8"));
  return messages;
}

describe("messages", () => {
  const sent = ["", "one", "x".repeat(1000)];

  test.each([1, 4, 7, 100_000])("are put together from pieces of %i bytes", async (size) => {
    expect(await messagesIn(inPieces(Buffer.concat(sent.map(framed)), size))).toEqual(sent);
  });

  test.each([
    ["compressed", [1, 0, 0, 0, 0], 12],
    ["of more than 4 MiB", [0, 0, 64, 0, 1], 8],
  ])("that are %s are refused", async (_, bytes, code) => {
    const refused = messagesIn(inPieces(Buffer.from(bytes), 5));
    await expect(refused).rejects.toMatchObject({ name: "CallError", status: { code } });
  });

  test.each([
    ["", undefined],
    ["\u0008\u0001", undefined], // what a client of protobuf sends
    ["{}", undefined],
    ['{"events": 3}', { events: 3, interval: 500 }],
    ['{"interval": "20ms"}', { events: 20, interval: 20 }],
  ])("%j asks for the stream %j", (message, plan) => {
    expect(planIn(Buffer.from(message))).toEqual(plan);
  });

  test("that ask for a stream that can't be say all that is wrong", () => {
    const wrong = () => planIn(Buffer.from('{"events": -1, "interval": "soon"}'));
    expect(wrong).toThrow(CallError);
    expect(wrong).toThrow(/events "-1" is no whole number.*; interval "soon" is no duration/);
  });
});

test.each([
  [200, 0],
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [500, 2],
  [503, 14],
])("a call that HTTP would answer %i ends with the status %i", (http, code) => {
  expect(statusOf(http, "why").code).toBe(code);
});

describe("a stage that is called by gRPC", () => {
  test("calls the next stages by gRPC where it is told to", async () => {
    const face = await started({ STAGE: "face", POD_NAME: "face-0" });
    const hop = { name: "face", url: `${face.url}${methods.infer}`, method: "POST", protocol: "grpc" };
    const { url } = await started({ STAGE: "asr", NEXT_HOPS: JSON.stringify([hop]) });
    for (const count of [1, 2]) {
      expect(JSON.parse((await send(url)).text)).toMatchObject({ path: [{ stage: "asr" }, { stage: "face" }] });
      const { text: metrics } = await send(`${face.url}/metrics`);
      expect(metrics).toContain(`route="${methods.infer}",method="POST",code="200"} ${count}`);
    }
    face.child.kill("SIGKILL");
    const { status, text: told } = await send(url);
    expect(status).toBe(502);
    expect(JSON.parse(told)).toMatchObject({ failedHop: { from: "asr", name: "face" } });
  });

  test("tells the status by which a next stage that is called by gRPC has failed", async () => {
    const face = await started({ STAGE: "face", ERROR_RATE: "1" });
    const hop = { name: "face", url: `${face.url}${methods.infer}`, protocol: "grpc" };
    const { url } = await started({ STAGE: "asr", NEXT_HOPS: JSON.stringify([hop]) });
    expect(JSON.parse((await send(url)).text)).toMatchObject({ failedHop: { name: "face", status: 503 } });
  });

  test("answers once, and calls the next stages", async () => {
    const face = await started({ STAGE: "face", POD_NAME: "face-0" });
    const { client, url } = await stage({ NEXT_HOPS: JSON.stringify([{ name: "face", url: `${face.url}/` }]) });
    expect(await client.ask(methods.infer)).toMatchObject({
      stage: "pose",
      path: [{ stage: "pose" }, { stage: "face", pod: "face-0" }],
    });
    const { text: metrics } = await send(`${url}/metrics`);
    expect(metrics).toContain(`route="${methods.infer}",method="POST",code="200"} 1`);
  });

  test("answers piece by piece", async () => {
    const { client } = await stage();
    const stream = await Stream.call(client, { events: 3, interval: "5ms" });
    expect(await stream.ended).toBe("end");
    expect(stream.pieces.map(({ number, pod }) => [number, pod])).toEqual(
      [1, 2, 3].map((number) => [number, "pose-0"]),
    );
  });

  test.each([
    ["503", "UNAVAILABLE"],
    ["500", "UNKNOWN"],
  ])("and fails by %s ends with %s, and counts it as that", async (ERROR_STATUS, status) => {
    const { client, url } = await stage({ ERROR_RATE: "1", ERROR_STATUS });
    expect(await client.ask(methods.generate)).toBe(status);
    expect((await send(`${url}/metrics`)).text).toContain(`method="POST",code="${ERROR_STATUS}"} 1`);
  });

  test.each([
    ["before the first message in its headers alone", "1", [["response", "14"]]],
    ["after it in its trailers", "0", [["response", undefined], ["data"], ["trailers", "0"]]],
  ])("and ends %s", async (_, ERROR_RATE, expected) => {
    const { url } = await stage({ ERROR_RATE });
    const session = connect(url);
    const call = session.request({ ":method": "POST", ":path": methods.infer, "content-type": "application/grpc" });
    const seen: unknown[] = [];
    call.on("response", (headers) => seen.push(["response", headers["grpc-status"]]));
    call.on("data", () => seen.push(["data"]));
    call.on("trailers", (trailers) => seen.push(["trailers", trailers["grpc-status"]]));
    call.end(framed("{}"));
    await once(call, "close");
    expect(seen).toEqual(expected);
    session.close();
  });

  test("that fails at the first of several messages is done with the call", async () => {
    const { url } = await stage({ ERROR_RATE: "1" });
    const session = connect(url);
    const call = session.request({ ":method": "POST", ":path": methods.talk, "content-type": "application/grpc" });
    call.resume();
    for (let sent = 0; sent < 50; sent += 1) call.write(framed("x".repeat(10_000)));
    call.end();
    const told = async () => (await send(`${url}/metrics`)).text;
    await expect.poll(told).toContain('method="POST",code="503"} 1');
    expect(await told()).toMatch(/stage_requests_in_flight\{.*\} 0\n/);
    session.close();
  });

  test("says what is wrong with a message", async () => {
    const { client } = await stage();
    expect(await client.ask(methods.talk, { events: "many" })).toBe("INVALID_ARGUMENT");
  });

  test("counts a caller that leaves as 499", async () => {
    const { client, url } = await stage();
    const stream = await Stream.call(client, { events: 1_000_000, interval: "5ms" });
    await stream.next(2);
    stream.close();
    const told = async () => (await send(`${url}/metrics`)).text;
    await expect.poll(told).toContain(`route="${methods.talk}",method="POST",code="499"} 1`);
  });

  test("takes HTTP/2 without gRPC, and HTTP/1.1, on the same port", async () => {
    const { url } = await stage();
    expect((await send(`${url}/readyz`)).text).toBe("ready\n");
    const session = connect(url);
    const call = session.request({ ":method": "POST", ":path": "/v1/any" });
    call.end("{}");
    const [headers] = await once(call, "response");
    expect(headers[":status"]).toBe(200);
    expect(JSON.parse(await text(call))).toMatchObject({ request: "POST /v1/any" });
    session.close();
  });

  test.each(["", "P", "GET /healthz HTTP/1.1\r\n"])("ends though a connection has said %j alone", async (said) => {
    const { child, port } = await stage();
    const silent = connectPlain({ port, host: "127.0.0.1" });
    await once(silent, "connect");
    silent.write(said);
    // Another request in between: what was said has come.
    await send(`http://127.0.0.1:${port}/readyz`);
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    silent.destroy();
  });

  test("and is told to end finishes its streams, and takes no new calls once it no longer listens", async () => {
    const { client, child } = await stage({ DRAIN_TIME: "50ms" });
    const stream = await Stream.call(client, { events: 20, interval: "20ms" });
    child.kill("SIGTERM");
    expect(await stream.ended).toBe("end");
    expect(stream.pieces).toHaveLength(20);
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    expect(code).toBe(0);
    expect(await client.ask(methods.infer)).toBe("UNAVAILABLE");
  });
});
