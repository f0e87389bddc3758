import { describe, expect, test } from "vitest";
import { unseenByAlerts } from "../../components/observability/unseen.ts";
import { checkMesh } from "../../config/parse.ts";
import { circuitBreaker } from "../../config/schema/circuit-breaker.ts";
import { retries } from "../../config/schema/retries.ts";

const image = "registry.example.com/x:1";
const version = { name: "v1", weight: 100, image };

const asr = { engine: "simulator", versions: [version] };
const opaque = { engine: "simulator", versions: [version], appProtocol: "tcp" };

function mesh(llm: object, rest: object = {}) {
  return {
    mode: "chain",
    pipeline: ["asr", "llm"],
    clusters: [{ name: "a", context: "a", network: "n", region: "r", kubernetesVersion: "1.34" }],
    istio: { charts: { folder: "charts" } },
    addons: { gpuDevicePlugin: { install: false } },
    services: { asr, llm: { ...opaque, ...llm } },
    ...rest,
  };
}

describe('a stage with appProtocol "tcp"', () => {
  const vain = 'has no meaning with appProtocol "tcp", where ';

  test.each<[string, object, object, string[]]>([
    ["alone", {}, {}, []],
    ["with a time to connect that is as long as a request's", { timeouts: { connect: "30s" } }, {}, []],
    ["with streams that a replica waits for", { streams: { longest: "1m" } }, {}, []],
    ["with a limit on connections", { circuitBreaker: { maxConnections: 8, http1MaxPendingRequests: 4 } }, {}, []],
    ["with a number of attempts, which is there by default", { retries: { attempts: 2 } }, {}, []],
    ["with what is usual, written", { retries: retries.parse({}), circuitBreaker: circuitBreaker.parse({}) }, {}, []],
    ["with no further attempts", { retries: { attempts: 0 } }, {}, []],
    ...[{ attempts: 5 }, { retryOn: ["5xx"] }, { budget: { percent: 10 } }].map(
      (given): [string, object, object, string[]] => [
        `with ${JSON.stringify(given)}`,
        { retries: given },
        {},
        [`services.llm.retries: ${vain}a request that failed is not seen`],
      ],
    ),
    [
      "with a limit on requests",
      { circuitBreaker: { http2MaxRequests: 4 } },
      {},
      [`services.llm.circuitBreaker: ${vain}connections are limited and no requests: set maxConnections`],
    ],
    [
      "whose caller has less time than it: nobody between them looks at a clock",
      {},
      { services: { asr: { ...asr, timeouts: { realtime: "5s", offline: "5s" } }, llm: opaque } },
      [],
    ],
    [
      "with a canary",
      {
        versions: [
          { ...version, weight: 90 },
          { ...version, name: "v2", weight: 10 },
        ],
      },
      {},
      [`services.llm.versions: ${vain}weights would count connections and no requests; keep one version`],
    ],
    [
      "with a shadow",
      { versions: [version, { ...version, name: "v2", weight: 0 }], mirror: { to: "v2", percent: 5 } },
      {},
      [
        `services.llm.versions: ${vain}weights would count connections and no requests; keep one version`,
        `services.llm.mirror: ${vain}no request is seen that could be copied`,
      ],
    ],
    [
      "with what looks into requests",
      {
        timeouts: { realtime: "5s" },
        retries: { perTryTimeout: "1s" },
        streams: { idleTimeout: "5s" },
        circuitBreaker: { maxRequestsPerConnection: 8 },
        loadBalancing: { consistentHash: { header: "x-user" } },
      },
      { pins: { dialogues: { stages: ["llm"] } } },
      [
        `services.llm.timeouts: ${vain}nobody sees a request begin or end`,
        `services.llm.retries: ${vain}a request that failed is not seen`,
        `services.llm.streams: ${vain}nobody sees a stream fall silent, or a request turn into a WebSocket`,
        `services.llm.circuitBreaker: ${vain}connections are limited and no requests: set maxConnections`,
        `services.llm.loadBalancing: ${vain}no header or cookie is seen`,
        'pins.dialogues.stages: names llm, of which no request can be pinned with appProtocol "tcp"',
      ],
    ],
    [
      "as the entry",
      {},
      { pipeline: ["llm", "asr"] },
      ['services.llm.appProtocol: cannot be "tcp" for llm, which users reach: the gateway routes their requests'],
    ],
    ["that is none", { appProtocol: "udp" }, {}, ['services.llm.appProtocol: "udp" is not "tcp"; leave it out']],
  ])("%s", (_, llm, rest, expected) => {
    const found = checkMesh(mesh(llm, rest)).faults.map(({ path, message }) => `${path}: ${message}`);
    expect(found.map((fault, index) => fault.slice(0, expected[index]?.length))).toEqual(expected);
  });
});

test.each([
  ["istio", "tcp", true, "no alert and no panel tells of llm"],
  ["istio", undefined, true, undefined],
  ["stage", "tcp", true, undefined],
  ["istio", "tcp", false, undefined],
] as const)("metrics of %s, appProtocol %s, alerts %s: %s", (source, appProtocol, enabled, expected) => {
  const alerts = { latency: { enabled }, errors: { enabled } };
  const { config } = checkMesh(mesh({ appProtocol }, { telemetry: { metrics: { source }, alerts } }));
  if (config === undefined) throw new Error("a mesh without faults is refused");
  const told = unseenByAlerts(config);
  expect(told?.slice(0, expected?.length)).toBe(expected);
});
