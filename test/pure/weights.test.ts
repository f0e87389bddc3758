import { describe, expect, test } from "vitest";
import { weightedRoute } from "../../components/traffic/canary.ts";
import { routedVersions } from "../../components/traffic/weights.ts";

describe("routedVersions", () => {
  test.each([
    [[["v1", 100]], [["v1", 100]]],
    [
      [
        ["v1-stable", 90],
        ["v2-experiment", 10],
      ],
      [
        ["v1-stable", 90],
        ["v2-experiment", 10],
      ],
    ],
    [
      [
        ["v1", 0],
        ["v2", 100],
      ],
      [["v2", 100]],
    ],
    [
      [
        ["a", 34],
        ["b", 33],
        ["c", 33],
      ],
      [
        ["a", 34],
        ["b", 33],
        ["c", 33],
      ],
    ],
  ] satisfies [[string, number][], [string, number][]][])("%j routes %j", (given, routed) => {
    const versions = given.map(([name, weight]) => ({ name, weight }));
    expect(routedVersions(versions).map(({ name, weight }) => [name, weight])).toEqual(routed);
  });

  test("refuses weights that do not total 100", () => {
    expect(() => routedVersions([{ name: "v1", weight: 90 }])).toThrow("weights total 90; they must total 100");
  });

  test("keeps nothing of a version but its name and weight", () => {
    const version = { name: "v1", weight: 100, image: "x:1" };
    expect(routedVersions([version])).toEqual([{ name: "v1", weight: 100 }]);
  });
});

test("a route names one subset of the host for each version that takes traffic", () => {
  const route = weightedRoute("llm-service.linly.svc.cluster.local", [
    { name: "v1", weight: 0 },
    { name: "v2", weight: 70 },
    { name: "v3", weight: 30 },
  ]);
  expect(route.route).toEqual([
    { destination: { host: "llm-service.linly.svc.cluster.local", subset: "v2" }, weight: 70 },
    { destination: { host: "llm-service.linly.svc.cluster.local", subset: "v3" }, weight: 30 },
  ]);
});
