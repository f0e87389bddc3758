import { expect, test } from "vitest";
import { killPoints } from "../../bench/kills/points.ts";
import { isHeld } from "../../bench/kills/killed-up.ts";
import {
  clientNames,
  crossingRatio,
  crossingsReport,
  measureCrossings,
  type CrossingBlock,
} from "../../bench/regions/crossings.ts";
import { regionPartOf } from "../../bench/regions/parts.ts";
import { inTurns, waysTable } from "../../bench/ways.ts";
import { seeded } from "../../services/simulator/random.ts";

test.each([1, 2, 3, 4, 5])("ten points of an up, a tenth of it each (seed %i)", (seed) => {
  const points = killPoints(10, 101, seeded(seed));
  const tenths = points.map((point) => Math.floor((point - 1) / 10));
  expect(tenths).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test.each([
  [0, [1, 2, 3]],
  [0.999, [1, 2, 3]],
])("as many points as there are objects to wait for, drawn with %d", (draw, expected) => {
  expect(killPoints(3, 4, () => draw)).toEqual(expected);
});

test("an up of too few objects is not killed at so many points", () => {
  expect(() => killPoints(10, 10, seeded(1))).toThrow("an up of 10 objects can't be killed at 10 points");
});

test("only what a cluster holds is counted", () => {
  const kinds = ["stack", "component", "provider", "object", "patch", "release", "read"];
  expect(kinds.filter((kind) => isHeld({ kind }))).toEqual(["object", "patch", "release"]);
});

test.each([
  ["v1", "Namespace", "istio-eastwest", undefined, "namespaces"],
  ["cert-manager.io/v1", "Certificate", "cacerts", "istio-system", "certificates"],
  ["networking.istio.io/v1", "Gateway", "istiod", "istio-eastwest", "istiod-exposed"],
  ["networking.istio.io/v1", "VirtualService", "istiod", "istio-eastwest", "istiod-exposed"],
  ["networking.istio.io/v1", "Gateway", "services-east", "istio-eastwest", "services-exposed"],
  ["networking.k8s.io/v1", "NetworkPolicy", "istio-eastwestgateway", "istio-eastwest", "objects"],
  ["v1", "ServiceAccount", "linly-mesh-reader", "istio-system", "reader"],
  ["v1", "Secret", "linly-mesh-reader-1", "istio-system", "reader"],
  ["rbac.authorization.k8s.io/v1", "ClusterRole", "linly-mesh-reader", undefined, "reader"],
  ["v1", "Secret", "istio-remote-secret-east", "istio-system", "remote-secret"],
  ["apps/v1", "Deployment", "asr-service-v1", "linly", "objects"],
  ["networking.istio.io/v1", "Gateway", "ingress", "linly", "objects"],
])("%s %s %s in %s is applied with the %s", (apiVersion, kind, name, namespace, part) => {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  expect(regionPartOf({ inputs: { apiVersion, kind, metadata } })).toBe(part);
});

test("ways take turns, and each is taken down before the next", async () => {
  const done: string[] = [];
  const way = (name: string) => ({
    name,
    up: async () => void done.push(`${name} up`),
    down: async () => void done.push(`${name} down`),
  });
  const timed = await inTurns(
    [way("a"), way("b")],
    2,
    async () => void done.push("reached"),
    () => undefined,
  );
  const a = ["a up", "reached", "a down"];
  const b = ["b up", "reached", "b down"];
  expect(done).toEqual([...a, ...b, ...b, ...a]);
  expect(timed.map(({ name, seconds }) => [name, seconds.length])).toEqual([
    ["a", 2],
    ["b", 2],
  ]);
});

test("ratios are to the last way, round by round", () => {
  const text = waysTable("from nothing", [
    { name: "here", seconds: [10, 30] },
    { name: "by hand", seconds: [20, 30] },
  ]);
  expect(text.split("\n")).toEqual([
    expect.stringMatching(/^ {2}from nothing +seconds +ratio$/),
    expect.stringMatching(/^ {2}here +20\.0 \(10\.0–30\.0\) +0\.75 \(0\.50–1\.00\)$/),
    expect.stringMatching(/^ {2}by hand +25\.0 \(20\.0–30\.0\) +1\.00 \(1\.00–1\.00\)$/),
  ]);
});

function block(direct: number, crossing: number): CrossingBlock {
  const sent = (micros: number) => ({ requests: 1, p50: micros, p90: micros, p99: micros, rate: 1e6 / micros });
  const both = (micros: number) => ({ one: sent(micros), eight: sent(micros) });
  return { direct: both(direct), crossing: both(crossing) };
}

test("both ways are measured with each number of clients, once a block", async () => {
  const asked: string[] = [];
  const measured = await measureCrossings(async (way, connections) => {
    asked.push(`${way} ${connections}`);
    return { requests: 1, p50: connections, p90: 0, p99: 0, rate: way === "direct" ? 1 : 2 };
  }, seeded(1));
  expect(asked.sort()).toEqual(["crossing 1", "crossing 8", "direct 1", "direct 8"]);
  expect(measured.direct.eight).toMatchObject({ p50: 8, rate: 1 });
  expect(measured.crossing.one).toMatchObject({ p50: 1, rate: 2 });
});

test("ratios of crossing are those within blocks, whatever a block has in common", () => {
  const blocks = [block(100, 150), block(1000, 1500), block(10, 15)];
  for (const count of clientNames) {
    expect(crossingRatio(blocks, count, "p99", seeded(1))).toEqual({ value: 1.5, low: 1.5, high: 1.5 });
    expect(crossingRatio(blocks, count, "rate", seeded(1)).value).toBeCloseTo(2 / 3);
  }
});

test("the report tells both ways, the difference and the ratio", () => {
  const rows = crossingsReport([block(100, 150)], seeded(1)).split("\n");
  expect(rows.filter((row) => /^ {2}more +50 \(50–50\)/.test(row))).toHaveLength(2);
  expect(rows.filter((row) => /^ {2}ratio +1\.50 \(1\.50–1\.50\)/.test(row))).toHaveLength(2);
});
