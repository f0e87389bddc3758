import { expect, test } from "vitest";
import { toldTo } from "../support/settled.ts";

const cluster = (sent: string, acked?: string) => ({ CDS: { sent, ...(acked !== undefined && { acked }) } });
const asr = { proxy: "asr-1.linly", resources: cluster("a", "a") };
const llm = { proxy: "llm-1.linly", resources: cluster("b", "b") };

test("the same proxies in another order are the same", () => {
  expect(toldTo(JSON.stringify([asr, llm])).text).toBe(toldTo(JSON.stringify([llm, asr])).text);
});

test.each([
  ["was sent more", [asr, { ...llm, resources: cluster("c", "c") }]],
  ["has gone", [asr]],
])("they are others when one %s", (_, proxies) => {
  expect(toldTo(JSON.stringify(proxies)).text).not.toBe(toldTo(JSON.stringify([asr, llm])).text);
});

test.each([
  ["taken an older one", "a"],
  ["taken nothing", undefined],
])("who has %s is behind", (_, acked) => {
  const late = { proxy: "tts-1.linly", resources: cluster("b", acked) };
  expect(toldTo(JSON.stringify([asr, late])).behind).toEqual(["tts-1.linly"]);
  expect(toldTo(JSON.stringify([asr, llm])).behind).toEqual([]);
});
