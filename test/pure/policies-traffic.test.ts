import { describe, expect, test } from "vitest";
import { maxEjectionPercent } from "../../components/traffic/circuit-breaker.ts";
import { deployment, destinationRule, service, virtualService } from "../../policies/model/example.ts";
import { unknown } from "../../policies/model/values.ts";
import type { Value, ValueObject } from "../../policies/model/values.ts";
import { breakerCanEject, faultOf, fittingPercent } from "../../policies/rules/breaker-can-eject.ts";
import { mirrorPercentage } from "../../policies/rules/mirror-percentage.ts";
import { retriesIdempotent } from "../../policies/rules/retries-idempotent.ts";
import { subsetsDefined } from "../../policies/rules/subsets-defined.ts";
import { weightsTotal100 } from "../../policies/rules/weights-total-100.ts";
import { messagesOf } from "../support/policies.ts";

describe("weights-total-100", () => {
  test.each<[string, (Value | undefined)[], number]>([
    ["one destination, no weight", [undefined], 0],
    ["one destination, any weight", [7], 0],
    ["100", [50, 30, 20], 0],
    ["99", [50, 49], 1],
    ["no weights at all", [undefined, undefined], 1],
    ["one left out, the other whole", [100, undefined], 0],
    ["one unknown", [90, unknown], 0],
  ])("%s", (_, weights, reported) => {
    const route = weights.map((weight): ValueObject => ({ ...(weight !== undefined && { weight }) }));
    expect(messagesOf(weightsTotal100, [virtualService({ name: "r", route })])).toHaveLength(reported);
  });

  test("TCP and TLS routes too", () => {
    const route = [{ weight: 1 }, { weight: 2 }];
    const spec = { hosts: ["x"], tcp: [{ route }], tls: [{ route }] };
    expect(messagesOf(weightsTotal100, [{ ...virtualService(), spec }])).toHaveLength(2);
  });
});

describe("subsets-defined", () => {
  const to = (host: string, subset: string) => virtualService({ route: [{ destination: { host, subset } }] });
  const defines = (host: string, ...names: string[]) =>
    destinationRule({ host, subsets: names.map((name) => ({ name, labels: { version: name } })) });

  test.each<[string, ValueObject[], number]>([
    ["short name, full rule", [to("llm-service", "v1"), defines("llm-service.linly.svc.cluster.local", "v1")], 0],
    ["full name, short rule", [to("llm-service.linly.svc.cluster.local", "v1"), defines("llm-service", "v1")], 0],
    ["another namespace", [to("llm-service", "v1"), defines("llm-service.other.svc.cluster.local", "v1")], 1],
    ["a name with one dot is no short name", [to("llm-service.linly", "v1"), defines("llm-service", "v1")], 1],
    [
      "two rules for a host are merged",
      [to("llm-service", "v2"), defines("llm-service", "v1"), defines("llm-service", "v2")],
      0,
    ],
    ["a wildcard rule", [to("llm-service", "v1"), defines("*.linly.svc.cluster.local", "v1")], 0],
    [
      "a wildcard rule behind one for the host",
      [to("llm-service", "v1"), defines("llm-service", "v2"), defines("*.local", "v1")],
      1,
    ],
    ["no rule for the host", [to("llm-service", "v1")], 1],
    ["a host outside the mesh", [to("api.example.com", "v1"), defines("api.example.com", "v1")], 0],
    ["no subset named", [virtualService({ route: [{ destination: { host: "llm-service" } }] })], 0],
    [
      "a mirror",
      [virtualService({ route: [], mirror: { host: "llm-service", subset: "v9" } }), defines("llm-service", "v1")],
      1,
    ],
    [
      "one of several mirrors",
      [virtualService({ route: [], mirrors: [{ destination: { host: "llm-service", subset: "v9" } }] })],
      1,
    ],
    ["a rule that is not known", [to("llm-service", "v1"), { ...defines("llm-service"), spec: unknown }], 0],
  ])("%s", (_, manifests, reported) => {
    expect(messagesOf(subsetsDefined, manifests)).toHaveLength(reported);
  });
});

describe("retries-idempotent", () => {
  const route = [{ destination: { host: "llm-service" } }];
  const retry = (retryOn: string, attempts = 2) => ({ attempts, retryOn });
  const method = (condition: ValueObject) => [{ method: condition }];
  const grpc = [{ uri: { prefix: "/linly.v1.Llm/" } }];

  test.each<[string, ValueObject, number]>([
    ["nothing said of retries", { route }, 0],
    ["nothing said of retries, POST only", { route, match: method({ exact: "POST" }) }, 0],
    ["nothing said of retries, gRPC by its path", { route, match: grpc }, 1],
    ["gRPC, and no retries", { route, match: grpc, retries: { attempts: 0 } }, 0],
    ["any method, 5xx", { route, retries: retry("5xx") }, 1],
    ["any method, reset", { route, retries: retry("connect-failure,reset") }, 1],
    ["any method, a status code", { route, retries: retry("503") }, 1],
    ["any method, before anybody worked", { route, retries: retry("connect-failure,refused-stream") }, 0],
    ["any method, switched off", { route, retries: { attempts: 0, retryOn: "5xx" } }, 0],
    ["retries without attempts are none", { route, retries: { retryOn: "5xx" } }, 0],
    ["GET only", { route, match: method({ exact: "GET" }), retries: retry("5xx") }, 0],
    ["PUT only", { route, match: method({ exact: "PUT" }), retries: retry("5xx") }, 0],
    ["PATCH", { route, match: method({ exact: "PATCH" }), retries: retry("5xx") }, 1],
    [
      "GET or anything",
      { route, match: [...method({ exact: "GET" }), { uri: { prefix: "/" } }], retries: retry("5xx") },
      1,
    ],
    ["a method by expression", { route, match: method({ regex: "GET|HEAD" }), retries: retry("5xx") }, 0],
    ["a method by expression with POST", { route, match: method({ regex: "P.*" }), retries: retry("5xx") }, 1],
    ["an expression in either case", { route, match: method({ regex: "(?i)post" }), retries: retry("5xx") }, 1],
    ["an expression in one case", { route, match: method({ regex: "(?s)post" }), retries: retry("5xx") }, 0],
    ["an ungreedy expression", { route, match: method({ regex: "(?iU)p.*" }), retries: retry("5xx") }, 1],
    [
      "an expression that only Envoy reads",
      { route, match: method({ regex: "(?P<m>GET)" }), retries: retry("5xx") },
      0,
    ],
    ["a redirect", { redirect: { uri: "/" }, retries: retry("5xx") }, 0],
    ["an unknown condition", { route, retries: { attempts: 2, retryOn: unknown } }, 0],
    ["an unknown method", { route, match: method({ exact: unknown }), retries: retry("5xx") }, 0],
  ])("%s", (_, http, reported) => {
    expect(messagesOf(retriesIdempotent, [virtualService(http)])).toHaveLength(reported);
  });

  test.each([
    ["*", 0],
    ["other, safe", 0],
    ["other", 1],
  ])("a route called safe, with the annotation %j", (names, reported) => {
    const metadata = { name: "x", annotations: { "linly-mesh/idempotent-routes": names } };
    const manifest = { ...virtualService({ name: "safe", route, retries: retry("5xx") }), metadata };
    expect(messagesOf(retriesIdempotent, [manifest])).toHaveLength(reported);
  });
});

describe("mirror-percentage", () => {
  const mirror = { host: "llm-service", subset: "v2" };

  test.each<[string, ValueObject, number]>([
    ["no mirror", {}, 0],
    ["all of it, said so", { mirror, mirrorPercentage: { value: 100 } }, 0],
    ["the older field", { mirror, mirrorPercent: 5 }, 0],
    ["not known yet", { mirror, mirrorPercentage: unknown }, 0],
    ["two, one without", { mirrors: [{ destination: mirror, percentage: { value: 5 } }, { destination: mirror }] }, 1],
  ])("%s", (_, http, reported) => {
    expect(messagesOf(mirrorPercentage, [virtualService(http)])).toHaveLength(reported);
  });
});

describe("breaker-can-eject", () => {
  test("what it tells to write fits any number of hosts, and is what the program writes", () => {
    const faults = Array.from({ length: 1000 }, (_, index) => faultOf(fittingPercent, true, index + 1));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    expect(fittingPercent).toBe(maxEjectionPercent);
  });

  test.each([
    [2, 49, true],
    [3, 33, true],
    [3, 34, false],
    [10, 9, true],
    [10, 10, false],
    [3, 100, true],
  ])("%i hosts, %i %%: a fault is %s", (hosts, percent, expected) => {
    expect(faultOf(percent, true, hosts) !== undefined).toBe(expected);
  });

  const breaker = (percent?: Value, more: ValueObject = {}): ValueObject => ({
    outlierDetection: {
      consecutive5xxErrors: 5,
      ...(percent !== undefined && { maxEjectionPercent: percent }),
      ...more,
    },
  });
  const rule = (percent?: Value, more?: ValueObject) => destinationRule({ trafficPolicy: breaker(percent, more) });
  const pods = (replicas: Value) => [service, deployment({ replicas })];
  const labels = { version: "v1" };
  const autoscaler = (minReplicas: Value, name: Value = "llm-service-v1"): ValueObject => ({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "llm", namespace: "linly" },
    spec: { minReplicas, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name } },
  });

  test.each<[string, ValueObject[], number]>([
    ["ten hosts and the default", [rule(), ...pods(10)], 0],
    ["nine hosts and the default", [rule(), ...pods(9)], 1],
    ["a lone host, which stays", [rule(), ...pods(1)], 0],
    ["a lone host, which may go", [rule(100), ...pods(1)], 1],
    ["zero: none shall go", [rule(0), ...pods(3)], 0],
    ["the last may go, however many there are", [rule(100)], 1],
    ["the last may go, but all are tried before", [rule(100, { minHealthPercent: 30 }), ...pods(3)], 0],
    ["a number of hosts that nothing tells", [rule()], 0],
    ["hosts that are not known yet", [rule(), ...pods(unknown)], 0],
    ["a share that is not known yet", [rule(unknown), ...pods(3)], 0],
    ["an autoscaler's minimum is too few", [rule(20), ...pods(10), autoscaler(2)], 1],
    ["an autoscaler's minimum is enough", [rule(50), ...pods(1), autoscaler(2)], 0],
    ["an autoscaler of something unknown", [rule(20), ...pods(3), autoscaler(2, unknown)], 0],
    [
      "another namespace's pods do not count",
      [rule(20), service, { ...deployment({ replicas: 3 }), metadata: { name: "x", namespace: "y" } }],
      0,
    ],
    [
      "a subset takes the host's breaker",
      [destinationRule({ trafficPolicy: breaker(), subsets: [{ name: "v1", labels }] }), ...pods(3)],
      1,
    ],
    [
      "a subset in a rule of its own takes it as well",
      [rule(), destinationRule({ subsets: [{ name: "v1", labels }] }), ...pods(3)],
      1,
    ],
    [
      "a subset has its own",
      [
        destinationRule({ trafficPolicy: breaker(), subsets: [{ name: "v1", labels, trafficPolicy: breaker(50) }] }),
        ...pods(3),
      ],
      0,
    ],
    [
      "a port has its own",
      [destinationRule({ trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, ...breaker() }] } }), ...pods(3)],
      1,
    ],
  ])("%s", (_, manifests, reported) => {
    expect(messagesOf(breakerCanEject, manifests)).toHaveLength(reported);
  });
});
