import { describe, expect, test } from "vitest";
import { clusterNamed, faultsOf, meshOf, simulated, versionNamed } from "../support/clusters.ts";

const drained = (...names: string[]) => ({
  clusters: ["north", "east"].map((name) => clusterNamed(name, { drained: names.includes(name) })),
});

/** A mesh whose llm has these versions, and is otherwise as `more` says. */
function llm(versions: readonly object[], more: object = {}, mesh: object = {}) {
  return meshOf(mesh, { llm: simulated("llm", { ...more, versions }) });
}

const v1 = versionNamed("v1", 100);

test.each<[string, unknown]>([
  ["one region alone runs it", llm([v1], { clusters: ["north"] })],
  [
    "a canary whose pods and callers are in one region",
    llm([
      versionNamed("v1", 100, { clusters: { north: { weight: 90 } } }),
      versionNamed("v2", 0, { clusters: { north: { weight: 10 }, east: { replicas: 0 } } }),
    ]),
  ],
  [
    "callers choose where the service does not run",
    llm(
      [
        versionNamed("v1", 50, { clusters: { east: { weight: 100 } } }),
        versionNamed("v2", 50, { clusters: { east: { weight: 0 } } }),
      ],
      { clusters: ["north"] },
    ),
  ],
  ["more replicas in one region", llm([versionNamed("v1", 100, { replicas: 2, clusters: { east: { replicas: 5 } } })])],
  ["a region that is drained", llm([v1], {}, drained("north"))],
  ["a drained region that is to run it again", llm([v1], { clusters: ["north", "east"] }, drained("north"))],
  ["without a breaker in one region", llm([v1], { clusters: ["east"], circuitBreaker: { enabled: false } })],
  [
    "without a breaker by shares",
    llm(
      [v1],
      { circuitBreaker: { enabled: false } },
      {
        locality: { distribute: { "cn-north": { "cn-north": 80, "cn-east": 20 } } },
      },
    ),
  ],
])("no fault: %s", (_, raw) => {
  expect(faultsOf(raw)).toEqual([]);
});

describe("names of clusters", () => {
  test.each<[string, unknown, string[]]>([
    [
      "where a service runs",
      llm([v1], { clusters: ["nroth"] }),
      ['services.llm.clusters[0]: "nroth" is no cluster: did you mean "north"?'],
    ],
    ["twice", llm([v1], { clusters: ["north", "north"] }), ['services.llm.clusters[1]: "north" is there twice']],
    [
      "of a version",
      llm([versionNamed("v1", 100, { clusters: { wset: { replicas: 2 } } })]),
      ['services.llm.versions[0].clusters.wset: "wset" is no cluster: known are north, east'],
    ],
    [
      "pods where the service does not run",
      llm([versionNamed("v1", 100, { clusters: { east: { replicas: 2 } } })], {
        clusters: ["north"],
      }),
      [
        "services.llm.versions[0].clusters.east.replicas: asks for pods where llm does not run; add east to services.llm.clusters, or remove it",
      ],
    ],
  ])("%s", (_, raw, expected) => {
    expect(faultsOf(raw)).toEqual(expected);
  });
});

describe("weights in one cluster", () => {
  test.each<[string, unknown, string[]]>([
    [
      "total 100 there",
      llm([versionNamed("v1", 90), versionNamed("v2", 10, { clusters: { north: { weight: 20 } } })]),
      ["services.llm.versions: weights of callers in north total 110 (v1 90, v2 20); they must total 100"],
    ],
    [
      "and everywhere else, though each cluster has its own",
      llm([
        versionNamed("v1", 90, { clusters: { north: { weight: 50 }, east: { weight: 50 } } }),
        versionNamed("v2", 20, { clusters: { north: { weight: 50 }, east: { weight: 50 } } }),
      ]),
      ["services.llm.versions: weights total 110 (v1 90, v2 20); they must total 100"],
    ],
    [
      "a shadow has none",
      llm(
        [
          versionNamed("v1", 100, { clusters: { north: { weight: 90 } } }),
          versionNamed("v2", 0, { clusters: { north: { weight: 10 } } }),
        ],
        { mirror: { to: "v2", percent: 5 } },
      ),
      [
        "services.llm.versions[1].clusters.north.weight: 10 for a shadow, which answers no caller, as it can call no other stage: give it weight 0",
      ],
    ],
  ])("%s", (_, raw, expected) => {
    expect(faultsOf(raw)).toEqual(expected);
  });
});

test("replicas and autoscaling, both in one cluster; and bounds that leave no room", () => {
  const autoscaling = { min: 3, max: 2, cpu: 80 };
  const versions = [versionNamed("v1", 100, { clusters: { north: { replicas: 2, autoscaling } } })];
  expect(faultsOf(llm(versions))).toEqual([
    "services.llm.versions[0].clusters.north.replicas: has no meaning with autoscaling, which decides it; remove it",
    "services.llm.versions[0].clusters.north.autoscaling.min: 3 is more than max, 2; it is at most max",
  ]);
});

describe("what runs nowhere", () => {
  const none = { replicas: 0 };

  test.each<[string, unknown, string[]]>([
    [
      "anything, where all are drained",
      llm([v1], {}, drained("north", "east")),
      ["clusters: are all drained; a mesh runs its stages in at least one of them"],
    ],
    [
      "a stage whose clusters are drained",
      llm([v1], { clusters: ["north"] }, drained("north")),
      ["services.llm.clusters: are all drained (north); name one that is not, or leave clusters out"],
    ],
    [
      "a stage without pods",
      llm([versionNamed("v1", 100, { clusters: { north: none, east: none } })]),
      ["services.llm.versions: run nowhere: no version has pods in a cluster that is not drained; give one replicas"],
    ],
    [
      "a stage but for its shadow",
      llm([versionNamed("v1", 100, { clusters: { north: none, east: none } }), versionNamed("v2", 0)], {
        mirror: { to: "v2", percent: 5 },
      }),
      ["services.llm.versions: run nowhere: no version has pods in a cluster that is not drained; give one replicas"],
    ],
    [
      "a version that callers are sent to",
      llm([versionNamed("v1", 90), versionNamed("v2", 10, { clusters: { north: none, east: none } })]),
      [
        "services.llm.versions[1]: is given 10 of callers in north, 10 of callers in east, and has no pods in any cluster; run some, or give it weight 0",
      ],
    ],
    [
      "a canary whose region is drained",
      llm(
        [
          versionNamed("v1", 100, { clusters: { north: { weight: 90 } } }),
          versionNamed("v2", 0, { clusters: { north: { weight: 10 }, east: none } }),
        ],
        {},
        drained("north"),
      ),
      [
        "services.llm.versions[1]: is given 10 of callers in north, and has no pods in any cluster; run some, or give it weight 0",
      ],
    ],
  ])("%s", (_, raw, expected) => {
    expect(faultsOf(raw)).toEqual(expected);
  });
});

test.each([
  ["as they are", {}],
  ["while one is drained for a while", drained("east")],
])("of several places nobody chooses without a breaker, %s", (_, mesh) => {
  expect(faultsOf(llm([v1], { circuitBreaker: { enabled: false } }, mesh))).toEqual([
    "services.llm.circuitBreaker.enabled: false, while llm runs in several clusters (north, east): without a breaker Istio prefers none, and requests would go to all alike; enable it, set locality.distribute, or name one cluster in services.llm.clusters",
  ]);
});

describe("what each cluster is asked for", () => {
  const pools = (nodes: number) => ({
    pools: {
      cpu: { nodeSelector: { pool: "cpu" } },
      gpu: { nodeSelector: { pool: "gpu" }, nodes, gpusPerNode: 1 },
    },
  });
  const versions = [versionNamed("v1", 100, { replicas: 2, clusters: { east: { replicas: 4 } } })];

  test("GPUs: each has a pool of its own", () => {
    expect(faultsOf(llm(versions, {}, pools(4)))).toEqual([]);
    expect(faultsOf(llm(versions, {}, pools(3)))).toEqual([
      "pools.gpu: in east: asked 4 GPUs (llm v1 4×1), there 3 (3 nodes × 1)",
    ]);
    expect(faultsOf(llm(versions, {}, pools(1)))).toEqual([
      "pools.gpu: in north: asked 2 GPUs (llm v1 2×1), there 1 (1 node × 1)",
      "pools.gpu: in east: asked 4 GPUs (llm v1 4×1), there 1 (1 node × 1)",
    ]);
  });

  test("a version without pods asks for none, nor for one while it is replaced", () => {
    const away = [
      versionNamed("v1", 100),
      versionNamed("v2", 0, { clusters: { north: { replicas: 0 }, east: { replicas: 0 } } }),
    ];
    expect(faultsOf(llm(away, {}, pools(2)))).toEqual([]);
    expect(faultsOf(llm(away, {}, pools(1)))).toHaveLength(2);
  });

  test("Kubernetes: only where pods read what is new", () => {
    const model = { engine: "vllm", model: { image: "x/weights:1" } };
    const clusters = [
      clusterNamed("north", { kubernetesVersion: "1.34" }),
      clusterNamed("east", { kubernetesVersion: "1.36" }),
    ];
    const stack = (more: object) => llm([v1], { ...model, ...more }, { clusters, pipeline: ["asr", "llm"] });
    expect(faultsOf(stack({ clusters: ["east"] }))).toEqual([]);
    expect(faultsOf(stack({}))).toEqual([
      'services.llm.model.image: needs Kubernetes 1.35 or newer; clusters[0].kubernetesVersion is "1.34"',
    ]);
  });

  test("a cluster that is drained is still to be new enough", () => {
    const clusters = [clusterNamed("north", { kubernetesVersion: "1.34", drained: true }), clusterNamed("east")];
    const raw = llm([v1], { engine: "vllm", model: { image: "x/weights:1" } }, { clusters });
    expect(faultsOf(raw)).toHaveLength(1);
  });
});

describe("shares of regions", () => {
  const shares = (distribute: object, mesh: object = {}) => llm([v1], {}, { locality: { distribute }, ...mesh });
  const zoned = { clusters: [clusterNamed("north", { zones: ["cn-north-a"] }), clusterNamed("east")] };

  test.each<[string, unknown, string[]]>([
    ["of all callers", shares({ "cn-north": { "cn-north": 80, "cn-east": 20 }, "cn-east": { "cn-east": 100 } }), []],
    ["of some callers", shares({ "cn-north": { "cn-north": 80, "cn-east": 20 } }), []],
    [
      "a region that is none",
      shares({ "cn-nroth": { "cn-east": 100 } }),
      ['locality.distribute.cn-nroth: "cn-nroth" is no cluster\'s region: did you mean "cn-north"?'],
    ],
    [
      "to a region that is none",
      shares({ "cn-north": { "cn-north": 50, mars: 50 } }),
      ['locality.distribute.cn-north.mars: "mars" is no cluster\'s region: known are cn-north, cn-east'],
    ],
    [
      "a zone",
      shares({ "cn-north": { "cn-north-a": 100 } }, zoned),
      [
        'locality.distribute.cn-north.cn-north-a: "cn-north-a" is a zone; shares are those of regions, as of its own, "cn-north"',
      ],
    ],
    [
      "that don't total 100",
      shares({ "cn-north": { "cn-north": 80, "cn-east": 10 } }),
      ["locality.distribute.cn-north: shares total 90 (cn-north 80, cn-east 10); they must total 100"],
    ],
    ["of nobody", shares({ "cn-north": {} }), ["locality.distribute.cn-north: shares total 0; they must total 100"]],
  ])("%s", (_, raw, expected) => {
    expect(faultsOf(raw)).toEqual(expected);
  });

  test("with one cluster", () => {
    const clusters = [{ name: "c", network: "n", region: "r" }];
    expect(faultsOf(shares({ r: { r: 100 } }, { topology: "single", clusters }))).toEqual([
      'locality.distribute: has no meaning with topology "single", where there is one region; remove it',
    ]);
  });

  test("callers whose regions run nothing of a service would find nobody", () => {
    const clusters = [clusterNamed("north"), clusterNamed("east"), clusterNamed("west")];
    const distribute = { "cn-west": { "cn-west": 100 } };
    const raw = llm([v1], { clusters: ["north", "east"] }, { clusters, locality: { distribute } });
    expect(faultsOf(raw)).toEqual([
      "locality.distribute.cn-west: leaves callers of cn-west without llm v1, which runs in cn-north, cn-east; give one of these a share, or run it in cn-west",
    ]);
    const inOne = llm([v1], { clusters: ["north"] }, { clusters, locality: { distribute } });
    expect(faultsOf(inOne)).toEqual([]);
  });

  test("nor would they while one of two is drained, whose rules stay as they are", () => {
    const clusters = [clusterNamed("north", { drained: true }), clusterNamed("east")];
    const distribute = { "cn-north": { "cn-north": 100 }, "cn-east": { "cn-east": 100 } };
    const faults = faultsOf(llm([v1], {}, { clusters, locality: { distribute } }));
    expect(faults).toContain(
      "locality.distribute.cn-north: leaves callers of cn-north without llm v1, which runs in cn-east; give one of these a share, or run it in cn-north",
    );
    const alone = llm([v1], { clusters: ["east"] }, { clusters, locality: { distribute } });
    expect(faultsOf(alone)).not.toContainEqual(expect.stringMatching(/without llm/));
  });
});
