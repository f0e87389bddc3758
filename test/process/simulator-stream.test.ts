import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { asksForEvents, streamPlan } from "../../services/simulator/stream.ts";
import { acceptKey, frame, FrameReader } from "../../services/simulator/websocket.ts";
import { endSimulators, send, started } from "../support/simulator.ts";

afterAll(endSimulators);

const events = { accept: "text/event-stream" };

test.each([
  ["text/event-stream", true],
  ["application/json, text/event-stream;q=0.9", true],
  ["Text/Event-Stream", true],
  ["application/json", false],
  ["text/event-stream-like", false],
  [undefined, false],
])("accept: %s asks for events: %s", (accept, expected) => {
  expect(asksForEvents(accept === undefined ? {} : { accept })).toBe(expected);
});

test.each([
  ["/", { events: 20, interval: 500 }, []],
  ["//", { events: 20, interval: 500 }, []],
  ["/talk?events=3&interval=20ms&user=7", { events: 3, interval: 20 }, []],
  ["/talk?events=0", { events: 0, interval: 500 }, []],
  [
    "/talk?events=2.5&interval=soon",
    { events: 2.5, interval: 0 },
    [
      'events "2.5" is no whole number from 0 to 1000000',
      'interval "soon" is no duration; write e.g. "80ms", "1.2s" or "2m"',
    ],
  ],
  ["/talk?events=-1", { events: -1, interval: 500 }, ['events "-1" is no whole number from 0 to 1000000']],
])("%s is read as %j", (url, plan, faults) => {
  expect(streamPlan(url)).toEqual({ plan, faults });
});

describe("Server-Sent Events", () => {
  test("the answer, then the pieces in order, then the end", async () => {
    const face = await started({ STAGE: "face", POD_NAME: "face-0" });
    const hops = JSON.stringify([{ name: "face", url: `${face.url}/` }]);
    const { url } = await started({ STAGE: "llm", VERSION: "v2", POD_NAME: "llm-0", NEXT_HOPS: hops });
    const { status, headers, text } = await send(`${url}/talk?events=3&interval=5ms`, { headers: events });
    expect([status, headers["content-type"]]).toEqual([200, "text/event-stream"]);

    const [answer = "", ...rest] = text.split("\n\n");
    expect(answer).toMatch(/^event: answer\ndata: \{"stage":"llm","version":"v2","pod":"llm-0"/);
    expect(answer).toContain('"pod":"face-0"');
    expect(rest).toEqual([
      ...[1, 2, 3].map((number) => `event: piece\ndata: {"number":${number},"pod":"llm-0","version":"v2"}`),
      'event: end\ndata: {"pieces":3}',
      "",
    ]);
    expect((await send(`${url}/metrics`)).text).toContain(
      'stage_requests_total{stage="llm",version="v2",route="/talk",method="GET",code="200"} 1',
    );
  });

  test("without the header the answer comes whole, and what is wrong is told before", async () => {
    const { url } = await started({ STAGE: "llm" });
    const whole = await send(`${url}/talk?events=nonsense`);
    expect([whole.status, whole.headers["content-type"]]).toEqual([200, "application/json"]);
    const wrong = await send(`${url}/talk?events=many&interval=1`, { headers: events });
    expect(wrong.status).toBe(400);
    expect(JSON.parse(wrong.text).faults).toHaveLength(2);
  });

  test("a stage that fails says so by its status, with no event", async () => {
    const { url } = await started({ STAGE: "llm", ERROR_RATE: "1" });
    const { status, headers } = await send(`${url}/talk`, { headers: events });
    expect([status, headers["content-type"]]).toEqual([503, "application/json"]);
  });

  test("a caller that leaves ends the stream", async () => {
    const { url } = await started({ STAGE: "llm" });
    const call = request(`${url}/talk?events=1000000&interval=5ms`, { headers: events }).end();
    await once((await once(call, "response"))[0], "data");
    expect((await send(`${url}/metrics`)).text).toMatch(/stage_requests_in_flight\{.*\} 1/);
    call.destroy();
    await expect
      .poll(async () => (await send(`${url}/metrics`)).text)
      .toMatch(/stage_requests_total\{.*route="\/talk",method="GET",code="499"\} 1/);
  });
});

describe("a WebSocket", () => {
  test("the same events, each a text, and then a regular close", async () => {
    const { port, url } = await started({ STAGE: "tts", POD_NAME: "tts-0" });
    const { told, code } = await heard(`ws://127.0.0.1:${port}/speak?events=2&interval=5ms`);
    expect(told).toMatchObject([
      { event: "answer", data: { stage: "tts", path: [{ pod: "tts-0" }] } },
      { event: "piece", data: { number: 1, pod: "tts-0", version: "v1" } },
      { event: "piece", data: { number: 2, pod: "tts-0", version: "v1" } },
      { event: "end", data: { pieces: 2 } },
    ]);
    expect(code).toBe(1000);
    await expect
      .poll(async () => (await send(`${url}/metrics`)).text)
      .toContain('stage_requests_total{stage="tts",version="v1",route="/speak",method="GET",code="101"} 1');
  });

  test("what the client says is passed over, its close is answered, its loss is counted", async () => {
    const { port, url } = await started({ STAGE: "tts" });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/speak?events=1000000&interval=5ms`);
    socket.binaryType = "arraybuffer";
    await once(socket, "open");
    socket.send(Buffer.alloc(300_000, 0x88));
    for (let piece = 0; piece < 5; piece += 1) await once(socket, "message");
    socket.close();
    expect((await once(socket, "close"))[0]).toMatchObject({ code: 1000, wasClean: true });

    const lost = connect(port, "127.0.0.1");
    lost.write(handshake());
    await once(lost, "data");
    lost.destroy();
    for (const [code, route] of [
      ["101", "/speak"],
      ["499", "/lost"],
    ])
      await expect
        .poll(async () => (await send(`${url}/metrics`)).text)
        .toContain(`route="${route}",method="GET",code="${code}"} 1`);
  });

  test("a ping is answered with what it carries", async () => {
    const { port } = await started({ STAGE: "tts" });
    const socket = connect(port, "127.0.0.1");
    socket.write(handshake());
    socket.write(masked(0x9, "are you there"));
    let heardBack = Buffer.alloc(0);
    for await (const chunk of socket) {
      heardBack = Buffer.concat([heardBack, chunk]);
      if (heardBack.includes(frame(0xa, Buffer.from("are you there")))) break;
    }
    expect(heardBack.toString("latin1")).toContain("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  });

  test("a handshake that is none is refused with all that is wrong, as is a bad query", async () => {
    const { url } = await started({ STAGE: "tts" });
    const upgrade = { connection: "Upgrade", upgrade: "websocket" };
    const { status, text } = await send(`${url}/?events=x`, { headers: { ...upgrade, "sec-websocket-key": "short" } });
    expect([status, JSON.parse(text).faults]).toEqual([
      400,
      [
        'sec-websocket-key "short" is no 16 bytes in base64',
        "sec-websocket-version is not told, not 13",
        'events "x" is no whole number from 0 to 1000000',
      ],
    ]);
  });

  test("another upgrade is an ordinary request", async () => {
    const { url } = await started({ STAGE: "tts" });
    const { status } = await send(url, { headers: { connection: "Upgrade", upgrade: "h2c" } });
    expect(status).toBe(200);
  });

  test("keys and frames are those of RFC 6455", () => {
    expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(frame(0x1, Buffer.from("Hello")).toString("hex")).toBe("810548656c6c6f");
    expect(frame(0x2, Buffer.alloc(256)).subarray(0, 4).toString("hex")).toBe("827e0100");
    expect(frame(0x2, Buffer.alloc(65_536)).subarray(0, 10).toString("hex")).toBe("827f0000000000010000");
  });

  test("control frames are found in any chunks, between data of any length", () => {
    const ping = masked(0x9, "a");
    const bytes = Buffer.concat([masked(0x1, "x"), ping, masked(0x2, "y".repeat(70_000)), ping, masked(0x8, "")]);
    for (const size of [1, 7, 1000, bytes.length]) {
      const reader = new FrameReader();
      const found = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        reader.read(bytes.subarray(index * size, (index + 1) * size)),
      ).flat();
      expect(found.map((one) => (one === "broken" ? one : [one.opcode, one.payload.toString()]))).toEqual([
        [0x9, "a"],
        [0x9, "a"],
        [0x8, ""],
      ]);
    }
    // A client must mask, and no control frame is long.
    expect(new FrameReader().read(Buffer.from("810548656c6c6f", "hex"))).toEqual(["broken"]);
    expect(new FrameReader().read(masked(0x9, "z".repeat(126)))).toEqual(["broken"]);
  });
});

test("SIGTERM: streams go on to their end, new requests are refused, and the process waits", async () => {
  const { child, port, url } = await started({ STAGE: "llm", DRAIN_TIME: "1ms" });
  const agent = new Agent({ keepAlive: true });
  const query = "events=30&interval=20ms";
  const stream = send(`${url}/talk?${query}`, { headers: events, agent });
  const socket = heard(`ws://127.0.0.1:${port}/talk?${query}`);
  await expect.poll(async () => (await send(`${url}/metrics`)).text).toMatch(/stage_requests_in_flight\{.*\} 2/);
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await expect.poll(() => send(url).catch((error: NodeJS.ErrnoException) => error.code)).toBe("ECONNREFUSED");
  expect(child.exitCode).toBeNull();
  expect((await stream).text).toContain('event: end\ndata: {"pieces":30}');
  expect((await socket).told.at(-1)).toEqual({ event: "end", data: { pieces: 30 } });
  expect(await exit).toEqual([0, null]);
  agent.destroy();
});

/** All that a WebSocket tells, and the code it closes with. */
async function heard(url: string): Promise<{ told: unknown[]; code: number }> {
  const told: unknown[] = [];
  const socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => told.push(JSON.parse(String(data))));
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.addEventListener("close", ({ code }) => resolve(code));
  return { code: await promise, told };
}

function handshake(): string {
  const headers = ["host: stage", "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
  return `GET /lost?events=1000000&interval=5ms HTTP/1.1\r\n${[...headers, key].join("\r\n")}\r\n\r\n`;
}

/** A frame as a client sends it. */
function masked(opcode: number, text: string): Buffer {
  const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  const plain = frame(opcode, Buffer.from(text));
  const payload = Buffer.from(text).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  const head = plain.subarray(0, plain.length - payload.length);
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, mask, payload]);
}
