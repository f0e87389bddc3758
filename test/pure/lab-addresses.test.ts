import { describe, expect, test } from "vitest";
import { clusterAddresses, firstFree, maxClusters } from "../../lab/addresses.ts";
import { LabError } from "../../lab/errors.ts";

describe("addresses of a cluster", () => {
  test("the first cluster of two nodes, in full", () => {
    expect(clusterAddresses(0, 2)).toEqual({
      hostCidr: "100.96.0.0/24",
      controlPlane: "100.96.0.10",
      nodes: [
        { address: "100.96.0.11", podCidr: "100.97.0.0/24", podGateway: "100.97.0.1" },
        { address: "100.96.0.12", podCidr: "100.97.1.0/24", podGateway: "100.97.1.1" },
      ],
      podCidr: "100.97.0.0/17",
      serviceCidr: "100.97.128.0/17",
      apiService: "100.97.128.1",
      dnsService: "100.97.128.10",
      loadBalancerCidr: "100.96.0.192/26",
    });
  });

  test("no two clusters share an address or a range", () => {
    const all = Array.from({ length: maxClusters }, (_, index) => clusterAddresses(index, 100));
    const named = all.flatMap((cluster) => [
      cluster.hostCidr,
      cluster.controlPlane,
      cluster.podCidr,
      cluster.serviceCidr,
      cluster.loadBalancerCidr,
      ...cluster.nodes.flatMap(({ address, podCidr }) => [address, podCidr]),
    ]);
    expect(new Set(named).size).toBe(named.length);
  });

  test("all stay within 100.96.0.0/12", () => {
    expect(clusterAddresses(maxClusters - 1, 1).podCidr).toBe("100.111.0.0/17");
  });

  test.each([
    [-1, 1],
    [maxClusters, 1],
    [0.5, 1],
    [0, 101],
  ])("cluster %d of %d nodes is refused", (index, nodes) => {
    expect(() => clusterAddresses(index, nodes)).toThrow(LabError);
  });
});

describe("the first free address", () => {
  test.each([
    ["100.96.0.192/26", [], "100.96.0.193"],
    ["100.96.0.192/26", ["100.96.0.193", "100.96.0.195"], "100.96.0.194"],
    ["100.96.0.252/30", ["100.96.0.253", "100.96.0.254"], undefined],
    ["100.96.0.0/16", Array.from({ length: 255 }, (_, i) => `100.96.0.${i + 1}`), "100.96.1.0"],
  ])("of %s", (cidr, taken, free) => {
    expect(firstFree(cidr, new Set(taken))).toBe(free);
  });
});
