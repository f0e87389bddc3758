import { describe, expect, test } from "vitest";
import { mirroringOf, shadowPoolOf, withCopies } from "../../components/traffic/mirror.ts";
import { podLabels, shadowAccountName, versionLabels } from "../../components/service/workload.ts";
import { checkMesh, parseMesh } from "../../config/parse.ts";
import { pipelineDiagram } from "../../services/diagram.ts";
import { isShadow, liveVersions } from "../../services/shadow.ts";
import { planPipeline } from "../../services/plan.ts";
import { stageOf } from "../../services/catalogue.ts";

const image = "x/tts:1";
const versions = [
  { name: "production", weight: 100, image },
  { name: "candidate-v2", weight: 0, image },
  { name: "old", weight: 0, image },
];

/** A stack whose tts is mirrored like this. */
function mesh(mirror: unknown, more: object = {}) {
  return {
    mode: "chain",
    pipeline: ["llm", "tts"],
    clusters: [{ name: "c", network: "n", region: "r" }],
    istio: { charts: { folder: "charts" } },
    services: {
      llm: { engine: "simulator", versions: [{ name: "v1", weight: 100, image }] },
      tts: { engine: "simulator", versions, mirror },
    },
    ...more,
  };
}

function ttsOf(mirror: unknown) {
  const { tts } = parseMesh(mesh(mirror), "s").services;
  if (tts === undefined) throw new Error("the stack has no tts");
  return tts;
}

const host = "tts-service.linly.svc.cluster.local";

describe("to Istio", () => {
  test.each([5, 100, 0.5])("%d %% are that share of each route's requests", (percent) => {
    expect(mirroringOf(host, ttsOf({ to: "candidate-v2", percent }))).toEqual({
      mirrors: [{ destination: { host, subset: "candidate-v2" }, percentage: { value: percent } }],
    });
  });

  test("without a mirror a route says nothing of one", () => {
    expect(mirroringOf(host, ttsOf(undefined))).toBeUndefined();
    expect(withCopies([{ name: "by-weight", route: [] }], undefined)).toEqual([{ name: "by-weight", route: [] }]);
  });

  test("a shadow that is no version is an error", () => {
    const tts = { ...ttsOf(undefined), mirror: { to: "candidate", percent: 5 } };
    expect(() => mirroringOf(host, tts)).toThrow(
      `"candidate" is no subset of ${host}; it has production, candidate-v2, old`,
    );
  });
});

describe("what is copied", () => {
  const mirroring = mirroringOf(host, ttsOf({ to: "candidate-v2", percent: 5 }));
  const route = [{ destination: { host, subset: "production" } }];
  const copyable = { regex: String.raw`\d{1,6}` };

  test("each route comes twice: for what may be copied, with all else that it matches, and for the rest", () => {
    const match = [{ headers: { baggage: { exact: "a" } }, uri: { prefix: "/x" } }, { method: { exact: "GET" } }];
    const routes = [
      { name: "pinned-production", match, route },
      { name: "by-weight", route },
    ];
    expect(withCopies(routes, mirroring)).toEqual([
      {
        name: "pinned-production-copied",
        match: [
          { headers: { baggage: { exact: "a" }, "content-length": copyable }, uri: { prefix: "/x" } },
          { method: { exact: "GET" }, headers: { "content-length": copyable } },
        ],
        route,
        ...mirroring,
      },
      { name: "pinned-production", match, route },
      { name: "by-weight-copied", match: [{ headers: { "content-length": copyable } }], route, ...mirroring },
      { name: "by-weight", route },
    ]);
  });

  test.each([
    ["0", true],
    ["17", true],
    ["999999", true],
    ["1000000", false],
    ["30000000", false],
    ["", false],
  ])("a body of %s bytes: %s", (length, copied) => {
    expect(new RegExp(`^(?:${copyable.regex})$`).test(length)).toBe(copied);
  });
});

test.each([
  [{}, { http: { http1MaxPendingRequests: 64, http2MaxRequests: 64 } }],
  [
    { tcp: { maxConnections: 5 }, http: { http1MaxPendingRequests: 100, http2MaxRequests: 10 } },
    { tcp: { maxConnections: 5 }, http: { http1MaxPendingRequests: 64, http2MaxRequests: 10 } },
  ],
])("of callers who may ask %j of a version, as much goes to a shadow as stays small", (pool, expected) => {
  expect(shadowPoolOf(pool)).toEqual(expected);
});

describe("a shadow", () => {
  const tts = ttsOf({ to: "candidate-v2", percent: 5 });

  test("is the version that is mirrored to, and no other", () => {
    expect(versions.filter((version) => isShadow(tts, version)).map(({ name }) => name)).toEqual(["candidate-v2"]);
    expect(versions.filter((version) => isShadow({}, version))).toEqual([]);
    expect(isShadow({ mirror: {} }, {})).toBe(false);
  });

  test("is none of the versions that requests may be sent to; one of weight 0 that is no shadow still is", () => {
    expect(liveVersions(tts).map(({ name }) => name)).toEqual(["production", "old"]);
  });

  test("has a name of its own to be known by, and a label beside those that select it", () => {
    const stage = stageOf("tts");
    expect(shadowAccountName(stage)).toBe("tts-service-shadow");
    const labels = versions.map((version) => podLabels(stage, tts, version));
    expect(labels).toEqual([
      { app: "tts-service", version: "production" },
      { app: "tts-service", version: "candidate-v2", "linly-mesh/shadow": "true" },
      { app: "tts-service", version: "old" },
    ]);
    // What a Deployment selects its pods by never changes: Kubernetes would refuse it.
    expect(versionLabels(stage, { name: "candidate-v2" })).toEqual({ app: "tts-service", version: "candidate-v2" });
  });

  test("is drawn with what it gets copies of", () => {
    const diagram = pipelineDiagram(planPipeline(parseMesh(mesh({ to: "candidate-v2", percent: 5 }), "s")));
    expect(diagram).toContain('tts -. "copies of 5 %" .-> tts_candidate_v2["candidate-v2"]');
    expect(diagram).toContain('tts -- "100 %" --> tts_production["production"]');
    expect(diagram).toContain('tts -- "0 %" --> tts_old["old"]');
  });
});

describe("in a stack file", () => {
  test("of an engine that speaks gRPC, whose calls don't tell how long they are, is a fault", () => {
    const pose = (simulates: string) => ({
      engine: "simulator",
      simulates,
      versions,
      mirror: { to: "candidate-v2", percent: 5 },
    });
    const faults = (simulates: string) => {
      const raw = mesh(undefined);
      const all = { ...raw, pipeline: ["llm", "pose"], services: { llm: raw.services.llm, pose: pose(simulates) } };
      return checkMesh(all).faults.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(faults("openvino-model-server-grpc")).toEqual([
      "services.pose.mirror: has no meaning for an engine that speaks gRPC: its calls don't tell how long they are, and none is copied",
    ]);
    expect(faults("openvino-model-server")).toEqual([]);
  });

  test.each<[unknown, string[]]>([
    [undefined, []],
    [{ to: "candidate-v2", percent: 5 }, []],
    [{ to: "candidate-v2", percent: 0.0001 }, []],
    [{ to: "candidate-v2" }, ["services.tts.mirror.percent: is missing; it must be a percentage from 0.0001 to 100"]],
    [{ percent: 5 }, ["services.tts.mirror.to: is missing; it must be a name of at most 30 lower-case letters"]],
    ...[0, -1, 100.5, "5", 0.00001].map((percent): [unknown, string[]] => [
      { to: "candidate-v2", percent },
      [`services.tts.mirror.percent: ${JSON.stringify(percent)} is not a percentage from 0.0001 to 100`],
    ]),
    [
      { to: "candidate-v3", percent: 5 },
      ['services.tts.mirror.to: "candidate-v3" is no version of tts: did you mean "candidate-v2"?'],
    ],
    [
      { to: "next", percent: 5 },
      ['services.tts.mirror.to: "next" is no version of tts: known are production, candidate-v2, old'],
    ],
    [
      { to: "production", percent: 5 },
      [
        'services.tts.mirror.to: "production" has weight 100; a shadow answers no caller, as it can call no other stage: ' +
          "give it weight 0",
      ],
    ],
    [
      { to: "candidate-v2", percent: 5, share: 5 },
      ["services.tts.mirror.share: is an unknown key: known are to, percent"],
    ],
    ["candidate-v2", ['services.tts.mirror: "candidate-v2" is not a mapping']],
  ])("%j", (mirror, expected) => {
    const found = checkMesh(mesh(mirror)).faults.map(({ path, message }) => `${path}: ${message}`);
    expect(found.map((fault, index) => fault.slice(0, expected[index]?.length))).toEqual(expected);
  });

  test("a shadow makes no combination for dialogues to keep", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ name: `v${n}`, weight: n === 0 ? 100 : 0, image }));
    const kept = (mirror: object | undefined) => ({
      services: {
        llm: { engine: "simulator", versions: many(4) },
        tts: { engine: "simulator", versions: many(9), mirror },
      },
      pins: { dialogues: { stages: ["llm", "tts"] } },
    });
    expect(checkMesh(mesh(undefined, kept({ to: "v8", percent: 5 }))).faults).toEqual([]);
    expect(checkMesh(mesh(undefined, kept(undefined))).faults.map(({ message }) => message)).toEqual([
      "the versions of these stages make 36 combinations (llm 4 × tts 9); at most 32",
    ]);
  });
});
