import { expect, test } from "vitest";
import { connectTimeoutOf, perTryTimeoutOf } from "../../components/traffic/tries.ts";
import { retries } from "../../config/schema/retries.ts";
import { timeouts } from "../../config/schema/timeouts.ts";

test.each([
  [{}, "30s", "2s"],
  [{}, "6s", "2s"],
  [{}, "5s", "1666ms"],
  [{ attempts: 1 }, "500ms", "250ms"],
  [{ attempts: 10 }, "1ms", "1ms"],
  [{ perTryTimeout: "10s" }, "30s", "10s"],
] as const)("with %j and %s in all, one try gets %s", (written, timeout, expected) => {
  expect(perTryTimeoutOf(retries.parse(written), timeout)).toBe(expected);
});

test.each([
  [{}, {}, "30s", "2s"],
  [{}, {}, "5s", "1666ms"],
  [{}, { attempts: 0 }, "5s", "2s"],
  [{}, { attempts: 0 }, "1s", "1s"],
  [{ connect: "5s" }, {}, "30s", "5s"],
] as const)("with %j, %j and %s in all, a connection gets %s", (written, ofRetries, timeout, expected) => {
  expect(connectTimeoutOf(timeouts.parse(written), retries.parse(ofRetries), timeout)).toBe(expected);
});
