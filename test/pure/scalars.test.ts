import { describe, expect, test } from "vitest";
import { faultsOf, clusterNamed, meshOf, simulated } from "../support/clusters.ts";

describe("places and classes have the names that real clouds give them", () => {
  test.each(["cn-beijing", "RegionOne", "PHX-AD-1", "eu.west_1"])("region and zone %s", (name) => {
    const clusters = [clusterNamed("north", { region: name, zones: [name] }), clusterNamed("east")];
    const distribute = { [name]: { [name]: 90, "cn-east": 10 } };
    expect(faultsOf(meshOf({ clusters, locality: { distribute } }))).toEqual([]);
  });

  test.each(["", "-a", "a/b", "a b"])("%j is none", (region) => {
    const clusters = [clusterNamed("north", { region }), clusterNamed("east")];
    expect(faultsOf(meshOf({ clusters }))).toEqual([
      `clusters[0].region: ${JSON.stringify(region)} is not the value of a node's label such as "cn-beijing" or "RegionOne"`,
    ]);
  });

  const classed = (storageClass: string) =>
    meshOf({}, { llm: { ...simulated("llm"), engine: "vllm", model: { size: "30Gi", storageClass } } });

  test("a StorageClass", () => {
    expect(faultsOf(classed("nfs.csi.k8s.io"))).toEqual([]);
    expect(faultsOf(classed("NFS"))).toEqual([
      'services.llm.model.storageClass: "NFS" is not a name such as "fast" or "nfs.csi.k8s.io", of lower-case letters, digits, "-" and "."',
    ]);
  });
});

describe("addresses are addresses", () => {
  const north = (more: object) => meshOf({ clusters: [clusterNamed("north", more), clusterNamed("east")] });

  test.each<[object]>([
    [{ apiServer: "https://10.0.0.1:65535" }],
    [{ apiServer: "https://[2001:db8::1]:6443" }],
    [{ apiServer: "https://k8s.4.example.com" }],
    [{ eastWestGateway: { address: "203.0.113.7", sourceRanges: ["10.0.0.0/8", "0.0.0.0/0"] } }],
    [{ eastWestGateway: { address: "2001:db8::1" } }],
    [{ eastWestGateway: { address: "gateway.4.example.com" } }],
  ])("%j", (more) => {
    expect(faultsOf(north(more))).toEqual([]);
  });

  test.each<[object, string]>([
    [{ apiServer: "https://10.0.0.1:99999" }, 'apiServer: "https://10.0.0.1:99999" is not the URL of an API server'],
    [{ apiServer: "https://10.0.0.1:0" }, 'apiServer: "https://10.0.0.1:0" is not the URL of an API server'],
    [{ apiServer: "https://300.1.1.1" }, 'apiServer: "https://300.1.1.1" is not the URL of an API server'],
    [
      { eastWestGateway: { sourceRanges: ["01.0.0.0/8"] } },
      'eastWestGateway.sourceRanges[0]: "01.0.0.0/8" is not a range of addresses',
    ],
    [{ eastWestGateway: { address: "300.1.1.1" } }, 'eastWestGateway.address: "300.1.1.1" is not a host name or an IP'],
  ])("%j is none", (more, message) => {
    expect(faultsOf(north(more))).toEqual([expect.stringContaining(`clusters[0].${message}`)]);
  });
});

describe("times end with a year", () => {
  test.each<[object, object, string]>([
    [{}, { startup: "9999999h" }, 'services.llm.startup: "9999999h" is not a time from "1s" to "8760h"'],
    [
      {},
      { loadBalancing: { consistentHash: { cookie: "user", ttl: "8761h" } } },
      'services.llm.loadBalancing.consistentHash.ttl: "8761h" is not a time from "0s" to "8760h"',
    ],
    [
      { pins: { dialogues: { stages: ["llm"], maxAge: "8761h" } } },
      {},
      'pins.dialogues.maxAge: "8761h" is not a time from "1m" to "8760h"',
    ],
  ])("%j with llm %j", (more, llm, message) => {
    expect(faultsOf(meshOf(more, { llm: simulated("llm", llm) }))).toEqual([message]);
  });
});

describe("an address names no user", () => {
  const no = "must not name a user or a password, which previews would show in clear; ";
  const nobody = `${no}take the charts from a folder, or from a registry that helm is logged in to`;
  const charted = (charts: object) => faultsOf(meshOf({ istio: { charts, ca: "certManager" } }));

  test.each([
    [{ repository: "https://bot:pa55w0rd@charts.example.com", version: "1.31.1" }, "repository"],
    [{ oci: "oci://bot:pa55w0rd@registry.example.com/charts", version: "1.31.1" }, "oci"],
  ])("%j", (charts, key) => {
    expect(charted(charts)).toEqual([`istio.charts.${key}: ${nobody}`]);
  });

  const url = "https://bot:pa55w0rd@example.com/x";
  const by = (issuer: object) => ({ ingress: { users: { issuers: [{ issuer: "me", audiences: ["a"], ...issuer }] } } });

  test.each([
    [
      { addons: { gpuDevicePlugin: { install: false }, prometheus: { install: false, existing: { url } } } },
      `addons.prometheus.existing.url: ${no}name a Prometheus that the network alone keeps others from`,
    ],
    [
      {
        ingress: { hosts: ["talk.example.com"], tls: { issuer: { acme: { email: "ops@example.com", server: url } } } },
      },
      `ingress.tls.issuer.acme.server: ${no}an ACME directory is everybody's`,
    ],
    [by({ jwksUri: url }), `ingress.users.issuers[0].jwksUri: ${no}public keys are everybody's`],
  ])("%j", (more, fault) => {
    expect(faultsOf(meshOf(more))).toContain(fault);
  });

  test("an @ further on is part of a path", () => {
    expect(charted({ repository: "https://charts.example.com/a@b", version: "1.31.1" })).toEqual([]);
  });
});
