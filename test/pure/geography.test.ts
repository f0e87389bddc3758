import { describe, expect, test } from "vitest";
import { outlierDetectionOf } from "../../components/traffic/circuit-breaker.ts";
import { geographyOf, localityOf, onePlace } from "../../components/traffic/geography.ts";
import { requestClasses } from "../../components/traffic/request-classes.ts";
import { trafficPolicyOf } from "../../components/traffic/traffic-policy.ts";
import { parseMesh } from "../../config/parse.ts";
import { standing } from "../../services/standing.ts";
import { meshOf, simulated, versionNamed } from "../support/clusters.ts";
import { planMesh } from "../../components/multicluster/mesh-plan.ts";

/** The llm of a mesh of two clusters, as each of them has it. */
function llmIn(versions: readonly object[], more: object = {}) {
  const config = parseMesh(meshOf({}, { llm: simulated("llm", { versions, ...more }) }), "s");
  const placements = planMesh(config).placements.get("llm");
  const [own] = placements ?? [];
  const version = own?.versions[0];
  if (placements === undefined || own === undefined || version === undefined) throw new Error("there is no llm");
  return { placements, own, version };
}

const at = (replicas: number) => ({ replicas });

describe("where a version runs", () => {
  test.each<[string, object, { spread: boolean; replicas: number }]>([
    ["everywhere", { replicas: 2 }, { spread: true, replicas: 2 }],
    ["more in one place", { clusters: { east: at(5) } }, { spread: true, replicas: 5 }],
    ["in the first alone", { replicas: 3, clusters: { east: at(0) } }, { spread: false, replicas: 3 }],
    ["in the other alone", { replicas: 3, clusters: { north: at(0) } }, { spread: false, replicas: 3 }],
    [
      "as many as an autoscaler may want",
      { clusters: { east: { autoscaling: { min: 1, max: 7, cpu: 80 } } } },
      { spread: true, replicas: 7 },
    ],
    // Some version has to run somewhere, so this is one of two.
    ["nowhere", { weight: 0, clusters: { north: at(0), east: at(0) } }, { spread: false, replicas: 0 }],
  ])("%s", (_, more, expected) => {
    const { placements } = llmIn([versionNamed("v1", 100), versionNamed("v2", 0, more)]);
    expect(geographyOf(placements, { distribute: undefined })("v2")).toMatchObject(expected);
  });

  const autoscaling = { autoscaling: { min: 1, max: 7, cpu: 80 } };
  test.each<[string, object[], object, boolean]>([
    ["nowhere", [{}], {}, false],
    ["here", [autoscaling], {}, true],
    ["in the other cluster alone", [{ clusters: { east: autoscaling } }], {}, true],
    ["on a version beside it", [{}, autoscaling], {}, true],
    ["where its own control plane runs none of it", [autoscaling], { clusters: ["east"] }, true],
  ])("an autoscaler %s", (_, [first = {}, second = {}], more, expected) => {
    const { placements } = llmIn([versionNamed("v1", 100, first), versionNamed("v2", 0, second)], more);
    expect(geographyOf(placements, { distribute: undefined })("v1").autoscaled).toBe(expected);
  });

  test.each<[object, object, number]>([
    [{}, {}, 50],
    [{ clusters: { north: { weight: 5 } } }, { clusters: { north: { weight: 95 } } }, 50],
    [{ clusters: { east: { weight: 70 } } }, { clusters: { east: { weight: 30 } } }, 70],
    [{ clusters: { north: { weight: 0 } } }, { clusters: { north: { weight: 100 } } }, 50],
  ])("half of all callers choose it, but for %j: the most is %i", (first, second, expected) => {
    const { placements } = llmIn([versionNamed("v1", 50, first), versionNamed("v2", 50, second)]);
    expect(geographyOf(placements, { distribute: undefined })("v1").weight).toBe(expected);
  });
});

describe("whom callers ask first", () => {
  const distribute = { north: { north: 80, east: 20 }, east: { east: 100, north: 0 } };
  const region = "topology.kubernetes.io/region";

  test.each([
    ["in one place", { spread: false, distribute: undefined }, false, { enabled: false }],
    ["in one place, by zones", { spread: false, distribute: undefined }, true, { enabled: true }],
    ["shares are of no use in one place", { spread: false, distribute }, false, { enabled: false }],
    [
      "in several: the region",
      { spread: true, distribute: undefined },
      false,
      { enabled: true, failoverPriority: [region] },
    ],
    [
      "in several, by zones: Istio's own order, zone and region",
      { spread: true, distribute: undefined },
      true,
      { enabled: true },
    ],
    [
      "shares go before both, and leave out what has none",
      { spread: true, distribute },
      true,
      {
        enabled: true,
        distribute: [
          { from: "north/*", to: { "north/*": 80, "east/*": 20 } },
          { from: "east/*", to: { "east/*": 100 } },
        ],
      },
    ],
  ])("%s", (_, geography, sameZone, expected) => {
    expect(localityOf(geography, sameZone)).toEqual(expected);
  });
});

describe("when callers give up on replicas", () => {
  const { own } = llmIn([versionNamed("v1", 100)]);

  test.each<[string, { spread: boolean; replicas: number }, number | undefined]>([
    ["one, in one place: never", { spread: false, replicas: 1 }, undefined],
    ["two, in one place: half of them", { spread: false, replicas: 2 }, 50],
    ["one in each of several: all but the last", { spread: true, replicas: 1 }, 99],
    ["many in each of several: all but the last", { spread: true, replicas: 9 }, 99],
  ])("%s", (_, geography, percent) => {
    expect(outlierDetectionOf(own.circuitBreaker, geography)?.maxEjectionPercent).toBe(percent);
  });

  test("not without a breaker", () => {
    const breaker = { ...own.circuitBreaker, enabled: false };
    expect(outlierDetectionOf(breaker, { spread: true, replicas: 3 })).toBeUndefined();
  });

  test("replicas that are all in a remote can be given up on as well", () => {
    const {
      own: here,
      version,
      placements,
    } = llmIn([versionNamed("v1", 100, { replicas: 3 })], { clusters: ["east"] });
    expect(version.replicas).toBe(0);
    const geography = geographyOf(placements, { distribute: undefined })("v1");
    const policy = trafficPolicyOf(standing("llm"), here, version, geography);
    expect(policy.outlierDetection?.maxEjectionPercent).toBe(50);
    expect(policy.loadBalancer?.localityLbSetting).toEqual({ enabled: false });
  });
});

test("shares hold without a breaker, too; priorities would not", () => {
  const { own, version } = llmIn([versionNamed("v1", 100)]);
  const service = { ...own, circuitBreaker: { ...own.circuitBreaker, enabled: false } };
  const settingOf = (distribute: Record<string, Record<string, number>> | undefined) =>
    trafficPolicyOf(standing("llm"), service, version, { ...onePlace(version), spread: true, distribute }).loadBalancer
      ?.localityLbSetting;
  expect(settingOf({ north: { north: 100 } })).toEqual({
    enabled: true,
    distribute: [{ from: "north/*", to: { "north/*": 100 } }],
  });
  expect(settingOf(undefined)).toBeUndefined();
});

test.each([
  [true, 2, true],
  [false, 2, undefined],
  [true, 0, undefined],
])("spread %s, %i tries more: later tries go elsewhere, %s", (spread, attempts, expected) => {
  const { own } = llmIn([versionNamed("v1", 100)]);
  const retries = { ...own.retries, attempts };
  const classes = requestClasses({ routes: [], repeatable: [], retries, timeout: "30s", spread });
  expect(classes.map(({ policy }) => policy.retries?.retryRemoteLocalities)).toEqual(classes.map(() => expected));
});
