import { describe, expect, test } from "vitest";
import { exposedIn, shared, type CrossingService } from "../../services/crossing.ts";
import { hasPods, standsIn, placedIn, type PlaceableService } from "../../services/placement.ts";
import { planTopology, type Topology, type TopologyCluster } from "../../services/topology.ts";

const primary = (name: string, network = name): TopologyCluster => ({ name, network, role: "primary" });
const remote = (name: string, of?: string, network = name): TopologyCluster => ({
  name,
  network,
  role: "remote",
  primary: of,
});

/** A plan a line a cluster: `north primary serves north,east watches east gateway istiod root`. */
function linesOf(topology: Topology, clusters: readonly TopologyCluster[]): string[] {
  return planTopology(topology, clusters).clusters.map((planned) =>
    [
      planned.cluster.name,
      planned.role === "primary" ? "primary" : `remote of ${planned.controlPlane}`,
      ...(planned.serves.length > 0 ? [`serves ${planned.serves.join(",")}`] : []),
      ...(planned.watches.length > 0 ? [`watches ${planned.watches.join(",")}`] : []),
      ...(planned.eastWestGateway ? ["gateway"] : []),
      ...(planned.exposesIstiod ? ["istiod"] : []),
      ...(planned.holdsRoot ? ["root"] : []),
    ].join(" "),
  );
}

describe("what each cluster gets", () => {
  test.each<[string, Topology, TopologyCluster[], boolean, string[]]>([
    ["one", "single", [{ name: "a", network: "a" }], false, ["a primary serves a root"]],
    [
      "two with a control plane each",
      "multi-primary",
      [primary("a"), { name: "b", network: "b" }],
      true,
      ["a primary serves a watches b gateway root", "b primary serves b watches a gateway"],
    ],
    [
      "two on one network, which need no gateway",
      "multi-primary",
      [primary("a", "n"), primary("b", "n")],
      false,
      ["a primary serves a watches b root", "b primary serves b watches a"],
    ],
    [
      "a remote, which comes after its primary however they are written",
      "primary-remote",
      [remote("b"), primary("a")],
      true,
      ["a primary serves b,a watches b gateway istiod root", "b remote of a gateway"],
    ],
    [
      "a remote on its primary's network: the gateway is istiod's alone",
      "primary-remote",
      [primary("a", "n"), remote("b", undefined, "n")],
      false,
      ["a primary serves a,b watches b gateway istiod root", "b remote of a"],
    ],
    [
      "three, of which two are remote",
      "primary-remote",
      [primary("a"), remote("b"), remote("c", "a")],
      true,
      ["a primary serves a,b,c watches b,c gateway istiod root", "b remote of a gateway", "c remote of a gateway"],
    ],
    [
      "three with a control plane each, two on one network",
      "multi-primary",
      [primary("a", "n"), primary("b", "n"), primary("c")],
      true,
      [
        "a primary serves a watches b,c gateway root",
        "b primary serves b watches a,c gateway",
        "c primary serves c watches a,b gateway",
      ],
    ],
    [
      "five: two primaries, of which one serves two and one serves one",
      "primary-remote",
      [remote("c", "a"), primary("a"), remote("d", "b"), primary("b"), remote("e", "a")],
      true,
      [
        "a primary serves c,a,e watches c,d,b,e gateway istiod root",
        "b primary serves d,b watches c,a,d,e gateway istiod",
        "c remote of a gateway",
        "d remote of b gateway",
        "e remote of a gateway",
      ],
    ],
    [
      "a primary beside one that serves a remote: its istiod stays its own",
      "primary-remote",
      [primary("a"), primary("b"), remote("c", "b")],
      true,
      [
        "a primary serves a watches b,c gateway root",
        "b primary serves b,c watches a,c gateway istiod",
        "c remote of b gateway",
      ],
    ],
  ])("%s", (_, topology, clusters, multiNetwork, expected) => {
    expect(linesOf(topology, clusters)).toEqual(expected);
    expect(planTopology(topology, clusters).multiNetwork).toBe(multiNetwork);
  });

  test("the clusters are those that were given, with all that stands in them", () => {
    const given = [{ ...primary("a"), region: "r1" }];
    expect(planTopology("single", given).clusters[0]?.cluster).toBe(given[0]);
  });

  test.each<[string, TopologyCluster[], RegExp]>([
    ["nobody has a control plane", [remote("a", "a")], /at least one primary/],
    ["a remote of nobody", [primary("a"), remote("b", "x")], /b is remote and names none of the primaries a/],
    ["a remote of a remote", [primary("a"), remote("b"), remote("c", "b")], /c is remote and names none/],
    ["one of several", [primary("a"), primary("b"), remote("c")], /c is remote and names none of the primaries a, b/],
  ])("%s makes no mesh", (_, clusters, message) => {
    expect(() => planTopology("primary-remote", clusters)).toThrow(message);
  });
});

describe("how the plan grows", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
  const sizes = (clusters: readonly TopologyCluster[], topology: Topology) => {
    const plan = planTopology(topology, clusters).clusters;
    return {
      clusters: plan.length,
      secrets: plan.reduce((sum, { watches }) => sum + watches.length, 0),
      served: plan.reduce((sum, { serves }) => sum + serves.length, 0),
    };
  };

  test.each([2, 5, 20, 50])("%i clusters: a remote secret for each pair that is watched, and no other", (count) => {
    const everywhere = names(count).map((name) => primary(name));
    expect(sizes(everywhere, "multi-primary")).toEqual({
      clusters: count,
      secrets: count * (count - 1),
      served: count,
    });
    const remotes = names(count).map((name, index) => (index === 0 ? primary(name) : remote(name)));
    expect(sizes(remotes, "primary-remote")).toEqual({ clusters: count, secrets: count - 1, served: count });
  });
});

describe("a service as one cluster has it", () => {
  const autoscaling = { min: 2, max: 4 };
  const service = (version: object, more: object = {}): PlaceableService => ({
    versions: [{ weight: 10, clusters: {}, ...version }],
    ...more,
  });

  test.each<[string, PlaceableService, object]>([
    ["nothing is said of it", service({ replicas: 3 }), { weight: 10, replicas: 3 }],
    ["another cluster is spoken of", service({ clusters: { b: { weight: 5, replicas: 9 } } }), { weight: 10 }],
    ["its weight", service({ clusters: { a: { weight: 0 } } }), { weight: 0 }],
    ["its replicas", service({ replicas: 3, clusters: { a: { replicas: 1 } } }), { weight: 10, replicas: 1 }],
    [
      "replicas in place of autoscaling",
      service({ autoscaling, clusters: { a: { replicas: 1 } } }),
      { weight: 10, replicas: 1 },
    ],
    [
      "autoscaling in place of replicas",
      service({ replicas: 3, clusters: { a: { autoscaling } } }),
      { weight: 10, autoscaling },
    ],
    ["none of its pods", service({ autoscaling, clusters: { a: { replicas: 0 } } }), { weight: 10, replicas: 0 }],
    [
      "it does not run there, but is called",
      service({ replicas: 3, clusters: { a: { weight: 4 } } }, { clusters: ["b"] }),
      {
        weight: 4,
        replicas: 0,
      },
    ],
    ["it runs there and elsewhere", service({ replicas: 3 }, { clusters: ["a", "b"] }), { weight: 10, replicas: 3 }],
  ])("%s", (_, given, expected) => {
    const [version] = placedIn(given, { name: "a" }).versions;
    expect(definedOf({ ...version, clusters: undefined })).toEqual(expected);
  });

  test("in a drained cluster nothing runs, and callers choose as before", () => {
    const given = service({ replicas: 3, clusters: { a: { weight: 7 } } }, { clusters: ["a"] });
    const [version] = placedIn(given, { name: "a", drained: true }).versions;
    expect(version).toMatchObject({ weight: 7, replicas: 0 });
  });

  test.each<[object, object, boolean]>([
    [{}, {}, true],
    [{ clusters: { a: { replicas: 0 } } }, {}, false],
    [{ clusters: { b: { replicas: 0 } } }, {}, true],
    [{}, { clusters: ["b"] }, false],
    [{}, { clusters: ["a", "b"] }, true],
  ])("a version %j of a service %j has pods once the cluster is back: %s", (version, more, expected) => {
    const drained = placedIn(service(version, more), { name: "a", drained: true });
    expect(drained.versions.map((one) => standsIn(drained, one, "a"))).toEqual([expected]);
  });

  test.each([
    [undefined, true],
    [1, true],
    [0, false],
  ])("%s replicas: pods, %s", (replicas, expected) => {
    expect(hasPods({ replicas })).toBe(expected);
  });
});

/** Without keys that stand for nothing. */
function definedOf(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

describe("what is called across clusters", () => {
  const clusters = [
    { name: "north", network: "n1" },
    { name: "south", network: "n1" },
    { name: "east", network: "n2" },
  ];
  const service = (name: string, runsIn: string[], calledIn: string[]): CrossingService => ({ name, runsIn, calledIn });

  test.each<[string, CrossingService, string[], boolean]>([
    [
      "everywhere by all",
      service("x", ["north", "south", "east"], ["north", "south", "east"]),
      ["north", "south", "east"],
      true,
    ],
    ["in one place, from its own", service("x", ["north"], ["north"]), [], false],
    ["in one place, from its network", service("x", ["north"], ["north", "south"]), [], true],
    ["in one place, from another network", service("x", ["north"], ["north", "east"]), ["north"], true],
    ["on one network, from another one", service("x", ["north", "south"], ["east"]), ["north", "south"], true],
    ["nowhere", service("x", [], ["north"]), [], false],
    ["by nobody", service("x", ["north", "east"], []), [], false],
  ])("%s", (_, called, exposing, isShared) => {
    expect(
      clusters.filter((cluster) => exposedIn(cluster, [called], clusters).length > 0).map(({ name }) => name),
    ).toEqual(exposing);
    expect(shared([called])).toEqual(isShared ? ["x"] : []);
  });

  test("each service for itself, in the order given", () => {
    const services = [
      service("b", ["north"], ["east"]),
      service("own", ["north"], ["north"]),
      service("a", ["north"], ["east"]),
    ];
    expect(exposedIn({ name: "north", network: "n1" }, services, clusters)).toEqual(["b", "a"]);
    expect(shared(services)).toEqual(["b", "a"]);
  });
});
