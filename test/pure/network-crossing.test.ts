import { describe, expect, test } from "vitest";
import { z } from "zod";
import { planMesh, type PlannedSite } from "../../components/multicluster/mesh-plan.ts";
import { noCrossing } from "../../components/security/crossing.ts";
import {
  eastWestPolicies,
  gatewayPolicies,
  stagePolicies,
  type NamedPolicy,
} from "../../components/security/network-policies.ts";
import { parseMesh } from "../../config/parse.ts";
import { clusterNamed, meshOf } from "../support/clusters.ts";

const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: "TCP", port }));
const pods = (namespace: string, labels: Record<string, string>) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  podSelector: { matchLabels: labels },
});
const eastWest = pods("istio-eastwest", { istio: "eastwestgateway" });
const ownIstiod = { to: [pods("istio-system", { app: "istiod" })], ports: tcp(15012) };
const istiodAnywhere = { ports: tcp(15012) };
const across = { ports: tcp(15443) };
const asr = pods("linly", { app: "asr-service" });
const llm = pods("linly", { app: "llm-service" });
const blocks = (...cidrs: string[]) => cidrs.map((cidr) => ({ ipBlock: { cidr } }));

function siteOf(name: string, topology: string, clusters: readonly object[], more: object = {}): PlannedSite {
  const config = parseMesh(meshOf({ topology, clusters, ...more }), "s");
  const found = planMesh(config).sites.find(({ plan }) => plan.cluster.name === name);
  if (found === undefined) throw new Error(`there is no cluster ${name}`);
  return found;
}

const north = clusterNamed("north");
const remote = clusterNamed("east", { role: "remote" });
const shared = [
  clusterNamed("north", { network: "n", podCidrs: ["10.0.0.0/16", "10.2.0.0/16"] }),
  clusterNamed("east", { network: "n", podCidrs: ["10.1.0.0/16"] }),
  clusterNamed("west"),
];

/** Rules are literals, as nothing in them is known later. */
const list = z.array(z.looseObject({ from: z.array(z.unknown()).optional() }));
const rules = z.object({ ingress: list, egress: list });

/** What a cluster's pods may do in its place, of each kind. */
function rulesIn(site: PlannedSite) {
  const specOf = ([policy]: readonly NamedPolicy[] = []) => rules.parse(policy?.spec);
  const policies = stagePolicies(site);
  return {
    asr: specOf(policies.get("asr")),
    llm: specOf(policies.get("llm")),
    gateway: specOf(gatewayPolicies(site)),
    eastWest: specOf(eastWestPolicies(site)),
  };
}

test("the place of each cluster among the others", () => {
  const crossings = (topology: string, clusters: readonly object[]) =>
    planMesh(parseMesh(meshOf({ topology, clusters }), "s")).sites.map(({ crossing }) => crossing);
  expect(crossings("multi-primary", [north, clusterNamed("east")])).toEqual([
    { ...noCrossing, gateway: true },
    { ...noCrossing, gateway: true },
  ]);
  expect(crossings("primary-remote", [remote, north])).toEqual([
    { ...noCrossing, gateway: true, exposesIstiod: true },
    { ...noCrossing, gateway: true, istiodElsewhere: true },
  ]);
  expect(crossings("multi-primary", shared)).toEqual([
    { ...noCrossing, gateway: true, podCidrs: ["10.1.0.0/16"] },
    { ...noCrossing, gateway: true, podCidrs: ["10.0.0.0/16", "10.2.0.0/16"] },
    { ...noCrossing, gateway: true },
  ]);
  expect(crossings("multi-primary", shared.slice(0, 2))).toEqual([
    { ...noCrossing, podCidrs: ["10.1.0.0/16"] },
    { ...noCrossing, podCidrs: ["10.0.0.0/16", "10.2.0.0/16"] },
  ]);
});

test("another network comes in by the gateway, and is reached by its own", () => {
  const { asr: entry, llm: last, gateway } = rulesIn(siteOf("north", "multi-primary", [north, clusterNamed("east")]));
  const callers = (spec: typeof entry) => spec.ingress[0]?.from;
  expect(callers(entry)).toContainEqual(eastWest);
  expect(callers(last)).toEqual(
    [asr, pods("admin", {}), eastWest].map((peer) => expect.objectContaining(rootOf(peer))),
  );
  expect(entry.egress).toContainEqual(ownIstiod);
  expect(entry.egress).toContainEqual(across);
  expect(gateway.egress).toContainEqual(across);
  // A stage that calls nobody has no way out of its cluster.
  expect(last.egress).not.toContainEqual(across);
});

/** As much of a peer as tells whose it is. */
function rootOf({ namespaceSelector }: ReturnType<typeof pods>) {
  return { namespaceSelector };
}

describe("one network", () => {
  test("pods are reached by their addresses, on the port of the stage that is called", () => {
    const { asr: entry, llm: last, gateway } = rulesIn(siteOf("north", "multi-primary", shared.slice(0, 2)));
    expect(entry.ingress[0]?.from).toEqual(expect.arrayContaining(blocks("10.1.0.0/16")));
    expect(entry.ingress[0]?.from).not.toContainEqual(eastWest);
    expect(last.ingress[0]).toMatchObject({ ports: tcp(8002) });
    expect(entry.egress).toContainEqual({ to: [llm, ...blocks("10.1.0.0/16")], ports: tcp(8002) });
    expect(gateway.egress).toContainEqual({ to: [asr, ...blocks("10.1.0.0/16")], ports: tcp(8000) });
    expect(JSON.stringify([entry, last, gateway])).not.toContain("15443");
  });

  test("beside another one: its gateway reaches the pods of both of its clusters", () => {
    const { eastWest: between, asr: entry } = rulesIn(siteOf("north", "multi-primary", shared));
    expect(between.egress).toContainEqual({ to: [asr, ...blocks("10.1.0.0/16")], ports: tcp(8000) });
    expect(between.egress).toContainEqual({ to: [llm, ...blocks("10.1.0.0/16")], ports: tcp(8002) });
    // From the other cluster's gateway they come by its address.
    expect(entry.ingress[0]?.from).toEqual(expect.arrayContaining([eastWest, ...blocks("10.1.0.0/16")]));
  });
});

describe("istiod", () => {
  test("of a remote is somewhere else", () => {
    const rules = rulesIn(siteOf("east", "primary-remote", [north, remote]));
    for (const { egress } of [rules.asr, rules.llm, rules.gateway, rules.eastWest]) {
      expect(egress).toContainEqual(istiodAnywhere);
      expect(egress).not.toContainEqual(ownIstiod);
    }
    expect(rules.eastWest.ingress[0]).toEqual({ ports: tcp(15443, 15021) });
  });

  test("of a primary with remotes is reached by the gateway, on both of its ports", () => {
    const { eastWest: between } = rulesIn(siteOf("north", "primary-remote", [north, remote]));
    expect(between.ingress[0]).toEqual({ ports: tcp(15443, 15021, 15012, 15017) });
    expect(between.egress).toContainEqual(ownIstiod);
    expect(between.egress).toContainEqual({ ...ownIstiod, ports: tcp(15017) });
  });

  test("of a primary without any is not", () => {
    const { eastWest: between } = rulesIn(siteOf("north", "multi-primary", [north, clusterNamed("east")]));
    expect(between.ingress[0]).toEqual({ ports: tcp(15443, 15021) });
    expect(JSON.stringify(between)).not.toContain("15017");
  });
});

test("networkPolicies: false makes none between clusters either", () => {
  expect(eastWestPolicies(siteOf("north", "primary-remote", [north, remote], { networkPolicies: false }))).toEqual([]);
});
