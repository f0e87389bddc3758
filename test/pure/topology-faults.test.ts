import { describe, expect, test } from "vitest";
import { clusterNamed, faultsOf, meshOf } from "../support/clusters.ts";

const north = clusterNamed("north");
const east = clusterNamed("east");
const remote = clusterNamed("east", { role: "remote" });
const istiod = { istio: { charts: { folder: "charts" } } };

/** A mesh with this topology and these clusters, whose trust is in order. */
function having(topology: string | undefined, clusters: readonly object[], more: object = {}) {
  const served = clusters.filter((cluster) => !("role" in cluster && cluster.role === "remote"));
  return meshOf({ topology, clusters, ...(served.length < 2 && istiod), ...more });
}

test.each<[string, string | undefined, object[]]>([
  ["one cluster, of which nothing is said", undefined, [{ name: "c", network: "n", region: "r" }]],
  ["one cluster", "single", [{ name: "c", network: "n", region: "r", role: "primary" }]],
  ["a control plane in each", "multi-primary", [north, east]],
  ["one that serves another", "primary-remote", [north, remote]],
  [
    "a primary that nobody watches needs no API server told",
    "primary-remote",
    [{ ...north, apiServer: undefined }, remote],
  ],
  [
    "several primaries with a remote of one",
    "primary-remote",
    [north, east, clusterNamed("west", { role: "remote", primary: "east" })],
  ],
  [
    "one network over two regions",
    "multi-primary",
    [
      { ...north, network: "n", podCidrs: ["10.0.0.0/16", "10.2.0.0/16"] },
      { ...east, network: "n", podCidrs: ["10.1.0.0/16"] },
    ],
  ],
  [
    "the same pod addresses on two networks",
    "multi-primary",
    [
      { ...north, podCidrs: ["10.0.0.0/16"] },
      { ...east, podCidrs: ["10.0.0.0/16"] },
    ],
  ],
  [
    "one zone name in two regions",
    "multi-primary",
    [
      { ...north, zones: ["a"] },
      { ...east, zones: ["a"] },
    ],
  ],
])("no fault: %s", (_, topology, clusters) => {
  expect(faultsOf(having(topology, clusters))).toEqual([]);
});

describe("how many clusters there are, and of what role", () => {
  test.each<[string, string | undefined, object[], string[]]>([
    [
      "single, with two",
      undefined,
      [north, { ...east, apiServer: undefined }],
      [
        'topology: "single" is one cluster, and there are 2 (north, east); set "multi-primary" (a control plane in each) or "primary-remote" (some are served by another)',
      ],
    ],
    [
      "multi-primary, with one",
      "multi-primary",
      [north],
      [
        'topology: "multi-primary" takes several clusters, and there is one (north); name the others, or leave topology out',
      ],
    ],
    [
      "a remote among control planes",
      "multi-primary",
      [north, remote],
      [
        'clusters[1].role: "remote" has no place with topology "multi-primary", where each cluster has a control plane; set "primary-remote"',
      ],
    ],
    [
      "no remote",
      "primary-remote",
      [north, east],
      ['topology: "primary-remote" has no remote; give one cluster role: remote, or set "multi-primary"'],
    ],
    [
      "no primary",
      "primary-remote",
      [clusterNamed("north", { role: "remote" }), remote],
      [
        'topology: "primary-remote" has no primary, whose control plane would serve the remotes; make one cluster a primary',
      ],
    ],
    [
      "a role that is none stands for nothing else",
      "primary-remote",
      [north, { ...east, role: "remoet" }],
      [
        'clusters[1].role: "remoet" is not a role: "primary" (has a control plane) or "remote" (is served by that of a primary)',
      ],
    ],
  ])("%s", (_, topology, clusters, expected) => {
    expect(faultsOf(having(topology, clusters, topology === undefined ? istiodOr() : {}))).toEqual(expected);
  });

  /** Whose root it is has a fault of its own, which is judged below. */
  function istiodOr() {
    return { istio: { charts: { folder: "charts" }, ca: "certManager" } };
  }
});

describe("who serves a remote", () => {
  const west = (primary?: string) =>
    clusterNamed("west", { role: "remote", ...(primary !== undefined && { primary }) });

  test.each<[string, object[], string[]]>([
    [
      "nobody of that name",
      [north, clusterNamed("east", { role: "remote", primary: "nroth" })],
      ['clusters[1].primary: "nroth" is no cluster: did you mean "north"?'],
    ],
    [
      "another remote",
      [north, remote, west("east")],
      ['clusters[2].primary: "east" is remote itself, and has no control plane: known are north'],
    ],
    [
      "itself",
      [north, clusterNamed("east", { role: "remote", primary: "east" })],
      ['clusters[1].primary: "east" is remote itself, and has no control plane: known are north'],
    ],
    [
      "one of several",
      [north, east, west()],
      ["clusters[2].primary: is missing; of several primaries it names the one that serves it: north, east"],
    ],
    [
      "it has a control plane itself",
      [{ ...north, primary: "north" }, remote],
      [
        "clusters[0].primary: has no meaning for a cluster with a control plane of its own; remove it, or set role: remote",
      ],
    ],
  ])("%s", (_, clusters, expected) => {
    expect(faultsOf(having("primary-remote", clusters))).toEqual(expected);
  });
});

describe("which cluster is which", () => {
  test.each<[string, object[], string[]]>([
    [
      "one name twice",
      [north, { ...east, name: "north" }],
      ['clusters[1].name: "north" is the name of clusters[0] too; each cluster has its own'],
    ],
    [
      "one API server twice, however its port is written",
      [
        { ...north, apiServer: "https://api.example.com" },
        { ...east, apiServer: "https://api.example.com:443" },
      ],
      [
        'clusters[1].apiServer: "https://api.example.com:443" is the API server of clusters[0] too; a cluster has one of its own',
      ],
    ],
    [
      "one context twice, however its file is written",
      [
        { ...north, kubeconfig: ".lab/kubeconfig", context: "a" },
        { ...east, kubeconfig: "./.lab/kubeconfig", context: "a" },
      ],
      [
        "clusters[1].context: leads to the cluster of clusters[0] too: the same context of the same kubeconfig; name another",
      ],
    ],
    [
      "the context that kubectl would use, twice",
      [
        { ...north, context: undefined },
        { ...east, context: undefined },
      ],
      [
        "clusters[1].context: leads to the cluster of clusters[0] too: the same context of the same kubeconfig; name another",
      ],
    ],
    ["a zone twice", [north, { ...east, zones: ["a", "b", "a"] }], ['clusters[1].zones[2]: "a" is there twice']],
  ])("%s", (_, clusters, expected) => {
    expect(faultsOf(having("multi-primary", clusters))).toEqual(expected);
  });
});

describe("API servers", () => {
  const hidden = (cluster: object) => ({ ...cluster, apiServer: undefined });

  test.each<[string, string, object[], string[]]>([
    [
      "of each, where each is watched",
      "multi-primary",
      [hidden(north), hidden(east)],
      [
        'clusters[0].apiServer: is missing; the control plane of east watches it there: "https://10.0.0.1:6443"',
        'clusters[1].apiServer: is missing; the control plane of north watches it there: "https://10.0.0.1:6443"',
      ],
    ],
    [
      "of a remote",
      "primary-remote",
      [hidden(north), hidden(remote)],
      ['clusters[1].apiServer: is missing; the control plane of north watches it there: "https://10.0.0.1:6443"'],
    ],
    [
      "of primaries, where there are several",
      "primary-remote",
      [hidden(north), east, clusterNamed("west", { role: "remote", primary: "east" })],
      ['clusters[0].apiServer: is missing; the control plane of east watches it there: "https://10.0.0.1:6443"'],
    ],
    [
      "that everybody has to himself",
      "primary-remote",
      [north, { ...remote, apiServer: "https://127.0.0.1:6443" }],
      [
        'clusters[1].apiServer: "https://127.0.0.1:6443" is to the control plane of north the own pod; name what leads here from there',
      ],
    ],
  ])("%s", (_, topology, clusters, expected) => {
    expect(faultsOf(having(topology, clusters))).toEqual(expected);
  });
});

describe("one network", () => {
  const on = (cluster: object, podCidrs: string[]) => ({ ...cluster, network: "n", podCidrs });

  test.each<[string, object[], string[]]>([
    [
      "needs the addresses of its pods",
      [on(north, []), on(east, ["10.1.0.0/16"])],
      [
        'clusters[0].podCidrs: is missing; on network "n", which it shares with east, pods are told apart by their addresses',
      ],
    ],
    [
      "has each address once",
      [on(north, ["10.0.0.0/8"]), on(east, ["10.1.0.0/16"])],
      [
        'clusters[1].podCidrs[0]: "10.1.0.0/16" overlaps "10.0.0.0/8" of clusters[0].podCidrs; addresses of one network are of one pod each',
      ],
    ],
    [
      "also within a cluster",
      [on(north, ["10.0.0.0/16", "10.0.128.0/17"]), on(east, ["10.1.0.0/16"])],
      [
        'clusters[0].podCidrs[1]: "10.0.128.0/17" overlaps "10.0.0.0/16" of clusters[0].podCidrs; addresses of one network are of one pod each',
      ],
    ],
  ])("%s", (_, clusters, expected) => {
    expect(faultsOf(having("multi-primary", clusters))).toEqual(expected);
  });
});

test("several control planes take one root", () => {
  expect(faultsOf(having("multi-primary", [north, east], istiod))).toEqual([
    'istio.ca: "istiod" gives each control plane (north, east) a root of its own, which the others don\'t trust; set "certManager" (one root) or "existing" (a Secret in each)',
  ]);
  expect(faultsOf(having("primary-remote", [north, remote], istiod))).toEqual([]);
});

test("all of it is told at once", () => {
  const clusters = [
    { ...north, apiServer: undefined },
    { ...east, name: "north", role: "remote" },
  ];
  const paths = faultsOf(having("multi-primary", clusters)).map((fault) => fault.split(":")[0]);
  expect(paths).toEqual(["clusters[1].role", "clusters[1].name"]);
});

test("the namespace of the gateway between clusters is taken", () => {
  expect(faultsOf(meshOf({ namespace: "istio-eastwest" }))).toEqual([
    'namespace: "istio-eastwest" is taken; the stages run in a namespace of their own',
  ]);
});
