import { connect } from "node:http2";
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
  [429, 14],
  [500, 2],
  [503, 14],
])("a call that HTTP would answer %i ends with the status %i", (http, code) => {
  expect(statusOf(http, "why").code).toBe(code);
});

describe("a stage that is called by gRPC", () => {
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
