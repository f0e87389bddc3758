import { describe, expect, test } from "vitest";
import { weightedRoute, pinnedRoutes } from "../../components/traffic/canary.ts";
import { ingressRoutes } from "../../components/traffic/ingress-routes.ts";
import { withCopies } from "../../components/traffic/mirror.ts";
import { offlineClasses, offlineInside } from "../../components/traffic/offline.ts";
import { byClass, requestClasses } from "../../components/traffic/request-classes.ts";
import { forCallersIn, ownSplit, splitsOf } from "../../components/traffic/splits.ts";
import { parseMesh } from "../../config/parse.ts";
import { meshOf, simulated, versionNamed } from "../support/clusters.ts";

const { services } = parseMesh(
  meshOf({}, { llm: simulated("llm", { versions: [versionNamed("v1", 90), versionNamed("v2", 10)] }) }),
  "s",
);
const llm = services.llm ?? raise();
function raise(): never {
  throw new Error("there is no llm");
}

/** The versions with these weights, in any order. */
const weighing = (weights: Record<string, number>) =>
  Object.entries(weights).flatMap(([name, weight]) => {
    const version = llm.versions.find((one) => one.name === name);
    return version === undefined ? [] : [{ ...version, weight }];
  });
const own = weighing({ v1: 90, v2: 10 });

describe("how callers choose", () => {
  test.each<[string, { cluster: string; versions: typeof own }[], [string | undefined, number[]][]]>([
    ["one cluster", [], [[undefined, [90, 10]]]],
    ["the same everywhere", [{ cluster: "east", versions: own }], [[undefined, [90, 10]]]],
    [
      "the same in another order",
      [{ cluster: "east", versions: weighing({ v2: 10, v1: 90 }) }],
      [[undefined, [90, 10]]],
    ],
    [
      "otherwise in one remote",
      [
        { cluster: "east", versions: weighing({ v1: 100, v2: 0 }) },
        { cluster: "west", versions: own },
      ],
      [
        ["east", [100, 0]],
        [undefined, [90, 10]],
      ],
    ],
    [
      "otherwise in each: their own control plane's last",
      [
        { cluster: "east", versions: weighing({ v1: 100, v2: 0 }) },
        { cluster: "west", versions: weighing({ v1: 50, v2: 50 }) },
      ],
      [
        ["east", [100, 0]],
        ["west", [50, 50]],
        [undefined, [90, 10]],
      ],
    ],
  ])("%s", (_, others, expected) => {
    const splits = splitsOf(own, others);
    expect(splits.map(({ callers, versions }) => [callers, versions.map(({ weight }) => weight)])).toEqual(expected);
    expect(ownSplit(splits).versions).toEqual(own);
  });

  test("replicas alone make no split: weights are the caller's, pods are where they are", () => {
    const elsewhere = own.map((version) => ({ ...version, replicas: 0 }));
    expect(splitsOf(own, [{ cluster: "east", versions: elsewhere }])).toHaveLength(1);
  });

  test("a service without a split is none", () => {
    expect(() => ownSplit([])).toThrow(RangeError);
  });
});

describe("routes that only callers of one cluster take", () => {
  const label = { sourceLabels: { "topology.istio.io/cluster": "east" } };
  const route = weightedRoute("llm.linly", own);

  test("are told apart by where the caller is, beside all that they matched before", () => {
    const matching = { ...route, match: [{ uri: { exact: "/a" } }, { headers: { x: { exact: "1" } } }] };
    expect(forCallersIn("east", [route, { ...matching, name: "other" }])).toEqual([
      { ...route, name: "in-east-by-weight", match: [label] },
      {
        ...route,
        name: "in-east-other",
        match: [
          { ...label, uri: { exact: "/a" } },
          { ...label, headers: { x: { exact: "1" } } },
        ],
      },
    ]);
  });

  test("those of everybody else are as they were", () => {
    expect(forCallersIn(undefined, [route])).toEqual([route]);
  });
});

describe("every route has a name of its own, and one cluster's come before everybody's", () => {
  const host = "llm-service.linly.svc.cluster.local";
  const splits = splitsOf(own, [
    { cluster: "east", versions: weighing({ v1: 100, v2: 0 }) },
    { cluster: "east-stream", versions: weighing({ v1: 50, v2: 50 }) },
  ]);
  const about = { routes: [], repeatable: [], retries: llm.retries, timeout: "30s" } as const;
  const realtime = requestClasses(about);
  const classes = [...offlineClasses(requestClasses({ ...about, timeout: "1h" }), offlineInside), ...realtime];
  const mirroring = { mirrors: [{ destination: { host, subset: "v2" }, percentage: { value: 5 } }] };
  const dialogues = { stages: [{ name: "llm", versions: own }], cookie: "d", maxAge: "30m" } as const;
  const testers = { header: "x-linly-versions" };

  const inside = [
    ...pinnedRoutes("llm", host, own),
    ...splits.flatMap(({ callers, versions }) => forCallersIn(callers, [weightedRoute(host, versions)])),
  ];
  const atGateway = splits.flatMap(({ callers, versions }) =>
    forCallersIn(callers, ingressRoutes({ entry: { name: "llm", versions }, host, testers, dialogues })),
  );

  test.each([
    ["inside", inside],
    ["at the gateway", atGateway],
  ])("%s", (_, routes) => {
    const all = byClass(withCopies(routes, mirroring), classes);
    const names = all.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(new Set(names).size).toBe(names.length);
    const placeOf = (name: string) => /^in-(east-stream|east)-/.exec(name)?.[1] ?? "all";
    const weighted = names.filter((name) => name.includes("by-weight")).map(placeOf);
    expect(weighted).toEqual(weighted.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
    expect(new Set(weighted)).toEqual(new Set(order));
    for (const { name, match = [] } of all) {
      const callers = match.map((one) => one.sourceLabels?.["topology.istio.io/cluster"] ?? "all");
      const place = placeOf(name);
      expect(new Set(callers), name).toEqual(new Set(match.length === 0 ? [] : [place]));
      if (place !== "all") expect(match.length, name).toBeGreaterThan(0);
    }
  });

  const order = ["east", "east-stream", "all"];
});
