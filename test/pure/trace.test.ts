import { expect, test } from "vitest";
import { stageSpans, type Trace } from "../../cli/demo/trace.ts";

/** A span of a sidecar: `from` to `to` in milliseconds. */
function span(processID: string, side: "inbound" | "outbound", from: number, to: number): Trace["spans"][number] {
  return {
    processID,
    startTime: from * 1000,
    duration: (to - from) * 1000,
    tags: [{ key: "upstream_cluster", value: `${side}|8000||` }],
  };
}

const chain: Trace = {
  traceID: "t",
  processes: { p1: { serviceName: "asr-service.linly" }, p2: { serviceName: "tts-service.linly" } },
  spans: [span("p2", "inbound", 12, 90), span("p1", "outbound", 11, 91), span("p1", "inbound", 1, 100)],
};

test("a chain: what a stage took by itself is what the one behind it did not", () => {
  expect(stageSpans(chain, ["asr-service", "tts-service"])).toEqual([
    { stage: "asr-service", total: 99, own: 21 },
    { stage: "tts-service", total: 78, own: 78 },
  ]);
});

test("stages that were called one after the other took all of their time by themselves", () => {
  const apart: Trace = { ...chain, spans: [span("p1", "inbound", 0, 10), span("p2", "inbound", 20, 50)] };
  expect(stageSpans(apart, ["tts-service", "asr-service"])).toEqual([
    { stage: "asr-service", total: 10, own: 10 },
    { stage: "tts-service", total: 30, own: 30 },
  ]);
});

test("a trace that lacks a stage is not the one looked for", () => {
  expect(stageSpans(chain, ["asr-service", "face-service"])).toBeUndefined();
});
