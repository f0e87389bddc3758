import { describe, expect, test } from "vitest";
import type { NamedRoute } from "../../components/istio/objects.ts";
import { pinnedRoutes, weightedRoute } from "../../components/traffic/canary.ts";
import { ingressRoutes } from "../../components/traffic/ingress-routes.ts";
import { withCopies } from "../../components/traffic/mirror.ts";
import {
  offlineAtGateway,
  offlineClasses,
  offlineInside,
  offlineSubsetOf,
  realtimeAtGateway,
} from "../../components/traffic/offline.ts";
import { limitFilter } from "../../components/traffic/rate-limit.ts";
import { byClass, requestClasses } from "../../components/traffic/request-classes.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { retries } from "../../config/schema/retries.ts";
import { offlinePlaces } from "../../services/offline.ts";

const host = "llm-service.linly.svc.cluster.local";
const versions = [
  { name: "v1", weight: 90 },
  { name: "v2", weight: 10 },
];
const llm = { name: "llm", versions };
const header = "x-linly-offline";

test.each([
  [8, 100, 8],
  [8, 90, 7],
  [8, 10, 1],
  [8, 0, 1], // a version that only pinned requests reach
  [5, 50, 2],
  [1, 50, 1],
])("of %i places a version with a weight of %i has %i", (requests, weight, places) => {
  expect(offlinePlaces(requests, weight)).toBe(places);
});

describe("the subset of offline work", () => {
  test("is that of the version, with a limit of its own", () => {
    const labels = { app: "llm-service", version: "v1" };
    const trafficPolicy = { loadBalancer: { simple: "LEAST_REQUEST" } as const };
    expect(offlineSubsetOf({ name: "v1", labels, trafficPolicy }, 8, 100)).toEqual({
      name: "v1-offline",
      labels,
      trafficPolicy: {
        ...trafficPolicy,
        connectionPool: { http: { http1MaxPendingRequests: 8, http2MaxRequests: 8 } },
      },
    });
  });

  test("keeps what else the version says of connections", () => {
    const connectionPool = {
      tcp: { maxConnections: 50 },
      http: { http2MaxRequests: 100, http1MaxPendingRequests: 10, maxRequestsPerConnection: 7 },
    };
    const outlierDetection = { consecutive5xxErrors: 5 };
    const subset = offlineSubsetOf({ name: "v1", trafficPolicy: { connectionPool, outlierDetection } }, 8, 50);
    expect(subset.trafficPolicy).toEqual({
      connectionPool: {
        tcp: { maxConnections: 50 },
        http: { http2MaxRequests: 4, http1MaxPendingRequests: 4, maxRequestsPerConnection: 7 },
      },
      outlierDetection,
    });
  });
});

describe("at the gateway", () => {
  const narrowed = offlineAtGateway(header, host, versions);
  const said = { [header]: { exact: "true" } };

  test("by weight: those who say so take other subsets, and both are marked", () => {
    const [route] = ingressRoutes({ entry: llm, host });
    if (route === undefined) throw new Error("no route was made");
    expect(narrowed(route)).toEqual({
      name: "by-weight",
      match: [{ headers: said }],
      headers: { request: { set: { baggage: "class=offline" } } },
      route: [
        { destination: { host, subset: "v1-offline" }, weight: 90 },
        { destination: { host, subset: "v2-offline" }, weight: 10 },
      ],
    });
    expect(realtimeAtGateway(route)).toEqual({
      name: "by-weight",
      headers: { request: { set: { baggage: "class=realtime" } } },
      route: [
        { destination: { host, subset: "v1" }, weight: 90 },
        { destination: { host, subset: "v2" }, weight: 10 },
      ],
    });
  });

  test("a tester's pins come after the mark, whatever they say", () => {
    const routes = ingressRoutes({ entry: llm, host, testers: { header: "x-linly-versions" } });
    const written = (of: (route: NamedRoute) => NamedRoute) => routes.map((route) => of(route).headers?.request);
    expect(written(narrowed)).toEqual([
      { set: { baggage: "class=offline,%REQ(x-linly-versions)%" } },
      { set: { baggage: "class=offline,%REQ(x-linly-versions)%" } },
      { set: { baggage: "class=offline,%REQ(x-linly-versions)%" } },
      { set: { baggage: "class=offline" } },
    ]);
    expect(written(realtimeAtGateway)).toEqual([
      { set: { baggage: "class=realtime,%REQ(x-linly-versions)%" } },
      { set: { baggage: "class=realtime,%REQ(x-linly-versions)%" } },
      { set: { baggage: "class=realtime,%REQ(x-linly-versions)%" } },
      { set: { baggage: "class=realtime" } },
    ]);
    const [, v2] = routes.map(narrowed);
    expect(v2?.match).toEqual([
      { headers: { "x-linly-versions": { regex: String.raw`(?:.*,)?\s*llm=v2\s*(?:[,;].*)?` }, ...said } },
    ]);
    expect(v2?.route).toEqual([{ destination: { host, subset: "v2-offline" } }]);
  });

  test("a dialogue keeps its versions and its cookie, wherever its pins are written", () => {
    const dialogues = { stages: [llm], cookie: "linly-versions", maxAge: "12h" as const };
    const [first, , last] = ingressRoutes({ entry: llm, host, dialogues }).map(narrowed);
    expect(first?.headers).toEqual({
      request: { set: { baggage: "class=offline,llm=v1" } },
      response: { add: { "set-cookie": expect.stringContaining("linly-versions=llm.v1;") } },
    });
    expect(Object.keys(first?.match?.[0]?.headers ?? {})).toEqual(["cookie", header]);
    expect(last).not.toHaveProperty("headers");
    expect(last?.route.map(({ destination, weight, headers }) => [destination.subset, weight, headers])).toEqual([
      ["v1-offline", 90, expect.objectContaining({ request: { set: { baggage: "class=offline,llm=v1" } } })],
      ["v2-offline", 10, expect.objectContaining({ request: { set: { baggage: "class=offline,llm=v2" } } })],
    ]);
  });
});

describe("behind the gateway", () => {
  const matched = (route: NamedRoute) => {
    const regex = offlineInside(route).match?.[0]?.headers?.["baggage"]?.regex ?? "";
    // Envoy matches the whole value.
    return (value: string) => new RegExp(`^(?:${regex})$`).test(value);
  };

  test.each([
    ["class=offline", true],
    ["class=offline,llm=v1", true],
    ["class=realtime,class=offline", false], // what a tester wrote
    ["class=offline2", false],
    ["llm=v1,class=offline", false],
    ["", false],
  ])("%j is offline work: %s", (value, expected) => {
    expect(matched(weightedRoute(host, versions))(value)).toBe(expected);
  });

  test.each([
    ["class=offline,llm=v2", true],
    ["class=offline,tts=v1,llm=v2", true],
    ["class=offline, llm=v2;x", true],
    ["class=realtime,llm=v2", false],
    ["class=offline,llm=v1", false],
    ["class=offline", false],
  ])("%j is offline work pinned to v2: %s", (value, expected) => {
    const [, v2] = pinnedRoutes("llm", host, versions);
    if (v2 === undefined) throw new Error("no route was made");
    expect(matched(v2)(value)).toBe(expected);
  });
});

test("offline work has its own time and no tries that a replica had, and comes before all else", () => {
  const about = { routes: [], repeatable: [], retries: retries.parse({}) };
  const offline = offlineClasses(requestClasses({ ...about, timeout: "10m" }), offlineInside);
  const routes = byClass(
    [weightedRoute(host, versions)],
    [...offline, ...requestClasses({ ...about, timeout: "30s" })],
  );
  const untouched = "connect-failure,refused-stream,reset-before-request";
  expect(routes.map((route) => [route.name, route.timeout, route.retries?.retryOn])).toEqual([
    ["by-weight-offline-stream", undefined, untouched],
    ["by-weight-offline", "10m", untouched],
    ["by-weight-stream", undefined, untouched],
    ["by-weight-idempotent", "30s", "gateway-error,connect-failure,refused-stream"],
    ["by-weight", "30s", untouched],
  ]);
  const [stream, rest] = routes;
  const mark = { baggage: { regex: "class=offline(?:,.*)?" } };
  expect(rest?.match).toEqual([{ headers: mark }]);
  expect(stream?.match?.map(({ headers }) => headers)).toEqual([
    { ...mark, upgrade: { regex: "(?i)websocket" } },
    { ...mark, accept: { regex: expect.stringContaining("text/event-stream") } },
    { ...mark, "content-type": { prefix: "application/grpc" } },
  ]);
});

test("a stream that may be sent twice is one of all streams: once a replica had it, it is not tried again", () => {
  const path = "/v1/audio/transcriptions";
  const route = { method: "POST", path, idempotent: true, purpose: "work", streams: true } as const;
  const about = { routes: [route], repeatable: [route], retries: retries.parse({}), timeout: "30s" as const };
  const classes = offlineClasses(requestClasses(about), offlineInside);
  expect(classes.map(({ name, policy }) => [name, policy.retries?.retryOn])).toEqual([
    ["offline-stream", "connect-failure,refused-stream,reset-before-request"],
    ["offline", "connect-failure,refused-stream,reset-before-request"],
  ]);
  expect(classes[0]?.match).toContainEqual({ method: { exact: "POST" }, uri: { exact: path } });
  // The control: work that somebody waits for.
  const [realtime] = requestClasses(about);
  expect([realtime?.name, realtime?.policy.retries?.retryOn]).toEqual([
    "idempotent-stream",
    "gateway-error,connect-failure,refused-stream",
  ]);
});

test("where requests are copied to a shadow, those of offline work are too, from its own places", () => {
  const mirrors = [{ destination: { host, subset: "next" }, percentage: { value: 5 } }];
  const about = { routes: [], repeatable: [], retries: retries.parse({}), timeout: "30s" as const };
  const offline = offlineClasses(requestClasses(about), offlineAtGateway(header, host, versions));
  const routes = byClass(withCopies(ingressRoutes({ entry: llm, host }), { mirrors }), offline);
  const told = routes.map(({ name, route: [first], mirrors: copies }) => [name, first?.destination.subset, copies]);
  expect(told).toEqual([
    ["by-weight-copied-offline-stream", "v1-offline", mirrors],
    ["by-weight-copied-offline", "v1-offline", mirrors],
    ["by-weight-offline-stream", "v1-offline", undefined],
    ["by-weight-offline", "v1-offline", undefined],
  ]);
  expect(Object.keys(routes[1]?.match?.[0]?.headers ?? {})).toEqual(["content-length", header]);
});

test("the limit of all requests is one of real-time work", () => {
  const limit = { requests: 100, interval: "1s" as const };
  const { typed_config: config } = limitFilter(limit, { header, requests: 8 });
  expect(config).toMatchObject({
    descriptors: [
      {
        entries: [{ key: "header_match", value: "realtime" }],
        token_bucket: { max_tokens: 100, tokens_per_fill: 100, fill_interval: "1s" },
      },
    ],
    rate_limits: [
      {
        actions: [
          {
            header_value_match: {
              descriptor_value: "realtime",
              expect_match: false,
              headers: [{ name: header, string_match: { exact: "true" } }],
            },
          },
        ],
      },
    ],
  });
  expect(config).not.toHaveProperty("token_bucket");
});

describe("in a stack file", () => {
  const stack = (part: object, names = ["v1", "v2"]) => ({
    mode: "chain",
    pipeline: ["asr", "llm"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: {
      asr: {
        engine: "simulator",
        versions: names.map((name, index) => ({ name, weight: index === 0 ? 100 : 0, image: "x/asr:1" })),
      },
      llm: { versions: [{ name: "v1-offline", weight: 100, image: "x/llm:1" }] },
    },
    ...part,
  });

  test("there is none unless said", () => {
    expect(parseMesh(stack({}), "s").offline).toBeUndefined();
    expect(parseMesh(stack({ offline: { requests: 8 } }), "s").offline).toEqual({ header, requests: 8 });
  });

  test.each<[object, string[], string]>([
    [{ offline: {} }, ["v1"], "offline.requests: is missing; it must be a whole number of requests, 1 to 100000"],
    [{ offline: { requests: 0 } }, ["v1"], "offline.requests: 0 is not a whole number of requests, 1 to 100000"],
    [{ offline: { requests: 8, header: "baggage" } }, ["v1"], 'offline.header: "baggage" is not free'],
    [
      { offline: { requests: 8, header: "x-linly-versions" }, pins: { testers: {} } },
      ["v1"],
      'offline.header: "x-linly-versions" is the header of testers; choose another one for either',
    ],
    [
      { offline: { requests: 8 }, pins: { testers: { header } } },
      ["v1"],
      'offline.header: "x-linly-offline" is the header of testers; choose another one for either',
    ],
    [
      { offline: { requests: 8 } },
      ["v1", "v1-offline"],
      'services.asr.versions[1].name: "v1-offline" is the subset in which version "v1" does offline work; choose another name',
    ],
  ])("%j with versions %j is a fault", (part, names, expected) => {
    const faults = checkMesh(stack(part, names)).faults.map(({ path, message }) => `${path}: ${message}`);
    expect(faults).toEqual([expect.stringContaining(expected)]);
  });

  test("without offline work, or where no version has that name, it is free", () => {
    expect(checkMesh(stack({}, ["v1", "v1-offline"])).faults).toEqual([]);
    expect(checkMesh(stack({ offline: { requests: 8 } }, ["v2-offline"])).faults).toEqual([]);
  });
});
