import { describe, expect, test } from "vitest";
import { maxEjectionPercent } from "../../components/traffic/circuit-breaker.ts";
import { trafficPolicyOf } from "../../components/traffic/traffic-policy.ts";
import { serviceOf } from "../support/service.ts";
import { standing } from "../../services/standing.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";

/** How many of so many hosts can be out at once by Envoy's rule, one more at a time. */
function ejectable(hosts: number, percent: number): number {
  let ejected = 0;
  while ((100 * (ejected + 1)) / hosts <= percent) ejected += 1;
  return ejected;
}

test.each([
  [1, 0], // nothing to spare
  [2, 1],
  [3, 1],
  [4, 2],
  [7, 3],
  [10, 5],
])("of %i hosts up to %i can be ejected", (hosts, expected) => {
  expect(ejectable(hosts, maxEjectionPercent)).toBe(expected);
});

test("whatever the number of hosts, a failing one can go where there is another, and one stays", () => {
  for (let hosts = 1; hosts <= 1000; hosts += 1) {
    const out = ejectable(hosts, maxEjectionPercent);
    expect(hosts - out, `${hosts} hosts`).toBeGreaterThanOrEqual(1);
    expect(out, `${hosts} hosts`).toBeGreaterThanOrEqual(Math.min(1, hosts - 1));
  }
  // The controls: what Envoy takes when nobody says, and a share fitted to three replicas when one is away.
  expect([3, 9, 10].map((hosts) => ejectable(hosts, 10))).toEqual([0, 0, 1]);
  expect([3, 2].map((hosts) => ejectable(hosts, 34))).toEqual([1, 0]);
  expect(ejectable(3, 100)).toBe(3);
});

/** A mesh of one stage with a breaker, of a version of so many replicas. */
const mesh = (circuitBreaker?: unknown, replicas: object = { replicas: 3 }) => ({
  mode: "chain",
  pipeline: ["llm"],
  clusters: [{ name: "c", network: "n", region: "r" }],
  istio: { charts: { folder: "charts" } },
  services: { llm: { versions: [{ name: "v1", weight: 100, image: "x/llm:1", ...replicas }], circuitBreaker } },
});

/** The policy of the one subset of such a mesh. */
function policyOf(circuitBreaker?: unknown, replicas?: object) {
  const service = parseMesh(mesh(circuitBreaker, replicas), "s").services.llm;
  const [version] = service?.versions ?? [];
  if (service === undefined || version === undefined) throw new Error("a mesh without a version");
  return trafficPolicyOf(standing("llm"), service, version);
}

const http2 = { h2UpgradePolicy: "UPGRADE" };
const tcp = { connectTimeout: "2s" };
const limits = { tcp, http: { http1MaxPendingRequests: 100, http2MaxRequests: 1024, ...http2 } };
const ejection = { consecutive5xxErrors: 5, interval: "30s", baseEjectionTime: "5m", maxEjectionPercent: 50 };
const anywhere = { simple: "LEAST_REQUEST", localityLbSetting: { enabled: false } };
const least = { simple: "LEAST_REQUEST" };

/** Of the retries, which have a schema of their own. */
const retryBudget = { percent: 50, minRetryConcurrency: 3 };

describe("what a subset gets", () => {
  test.each<[string, unknown, object, object]>([
    [
      "by default",
      undefined,
      { replicas: 3 },
      { loadBalancer: anywhere, connectionPool: limits, outlierDetection: ejection },
    ],
    ["with one replica, which stays", undefined, {}, { loadBalancer: least, connectionPool: limits }],
    [
      "with one replica that may become more",
      undefined,
      { autoscaling: { min: 1, max: 4, cpu: 70 } },
      { loadBalancer: anywhere, connectionPool: limits, outlierDetection: ejection },
    ],
    [
      "with one replica that an autoscaler keeps",
      undefined,
      { autoscaling: { min: 1, max: 1, cpu: 70 } },
      { loadBalancer: least, connectionPool: limits },
    ],
    [
      "by the stack's word",
      {
        consecutive5xxErrors: 3,
        interval: "1s",
        baseEjectionTime: "5s",
        http1MaxPendingRequests: 8,
        http2MaxRequests: 16,
        maxConnections: 4,
        maxRequestsPerConnection: 10,
      },
      { replicas: 2 },
      {
        loadBalancer: anywhere,
        connectionPool: {
          tcp: { ...tcp, maxConnections: 4 },
          http: { http1MaxPendingRequests: 8, http2MaxRequests: 16, maxRequestsPerConnection: 10, ...http2 },
        },
        outlierDetection: {
          consecutive5xxErrors: 3,
          interval: "1s",
          baseEjectionTime: "5s",
          maxEjectionPercent: 50,
        },
      },
    ],
    [
      "without a breaker",
      { enabled: false },
      { replicas: 3 },
      { loadBalancer: least, connectionPool: { tcp, http: http2 } },
    ],
  ])("%s", (_, circuitBreaker, replicas, expected) => {
    expect(policyOf(circuitBreaker, replicas)).toEqual({ retryBudget, ...expected });
  });

  test("without a breaker and without retries, how replicas are chosen and no more", () => {
    const service = serviceOf({ circuitBreaker: { enabled: false }, retries: { attempts: 0 } });
    const [version] = service.versions;
    if (version === undefined) throw new Error("a service without a version");
    expect(trafficPolicyOf(standing("llm"), service, version)).toEqual({
      loadBalancer: least,
      connectionPool: { tcp, http: http2 },
    });
  });

  test("a hash stays a hash", () => {
    const { llm } = mesh().services;
    const hashed = {
      ...mesh(),
      services: { llm: { ...llm, loadBalancing: { consistentHash: { header: "x-user" } } } },
    };
    const service = parseMesh(hashed, "s").services.llm;
    const [version] = service?.versions ?? [];
    if (service === undefined || version === undefined) throw new Error("a mesh without a version");
    expect(trafficPolicyOf(standing("llm"), service, version).loadBalancer).toEqual({
      consistentHash: { httpHeaderName: "x-user" },
      localityLbSetting: { enabled: false },
    });
  });
});

describe("in a stack file", () => {
  const time = 'is not a time from "1ms" to "8760h" in whole milliseconds';

  test.each<[object, string, string]>([
    // What istiod's webhook and the CRD's schema refuse.
    [{ interval: "0s" }, "interval", time],
    [{ interval: "0.5ms" }, "interval", time],
    [{ baseEjectionTime: "1.0005s" }, "baseEjectionTime", time],
    [{ baseEjectionTime: "9000h" }, "baseEjectionTime", time],
    [{ baseEjectionTime: "5 min" }, "baseEjectionTime", 'is not a duration such as "250ms", "2s" or "5m"'],
    // Zero is no limit at all to Istio, and no ejection.
    [{ consecutive5xxErrors: 0 }, "consecutive5xxErrors", "is not a whole number of errors, 1 to 1000"],
    [{ http1MaxPendingRequests: 0 }, "http1MaxPendingRequests", "is not a whole number of requests, 1 to 1000000"],
    [{ http2MaxRequests: 1.5 }, "http2MaxRequests", "is not a whole number of requests, 1 to 1000000"],
    [{ maxConnections: -1 }, "maxConnections", "is not a whole number of connections, 1 to 1000000"],
    [{ maxRequestsPerConnection: 0 }, "maxRequestsPerConnection", "is not a whole number of requests, 1 to 1000000"],
    [{ maxEjectionPercent: 100 }, "maxEjectionPercent", "is an unknown key"],
  ])("%j is a fault", (circuitBreaker, key, message) => {
    const { faults } = checkMesh(mesh(circuitBreaker));
    expect(faults.map(({ path }) => path)).toEqual([`services.llm.circuitBreaker.${key}`]);
    expect(faults[0]?.message).toContain(message);
  });

  test.each(["1ms", "0.001s", "1.1s", "90s", "1.5m", "8760h"])("%s is a time", (baseEjectionTime) => {
    expect(checkMesh(mesh({ baseEjectionTime })).faults).toEqual([]);
  });
});
