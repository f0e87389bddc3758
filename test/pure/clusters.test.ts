import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { accessTo } from "../../engine/cluster/kubeconfig.ts";
import { knownClusters, recordsOf } from "../../engine/cluster/record.ts";
import type { ClusterRecord } from "../../engine/cluster/record.ts";
import { causeOf, faultOfCertificate } from "../../engine/cluster/unreachable.ts";
import { toForget } from "../../engine/forget.ts";
import { selfSignedFor } from "../support/certificates.ts";

function cluster(name: string, uid: string, kubeconfig?: string): ClusterRecord {
  return { name, uid, context: "main", ...(kubeconfig === undefined ? {} : { kubeconfig }) };
}

describe("what inventories say of other clusters", () => {
  const [east, west, south] = [cluster("east", "1", "a"), cluster("west", "2", "b"), cluster("south", "3")];
  const recreated = cluster("west", "9", "b");

  test.each<[string, ClusterRecord[], ClusterRecord[], ClusterRecord[], ClusterRecord[]]>([
    ["nothing", [east], [], [], []],
    ["clusters that are named", [east, west], [west, east], [], []],
    ["one that is named, by another way", [east, cluster("occident", "2", "c")], [west], [], []],
    ["some that left, each once, in the order of their names", [east], [west, south, west], [south, west], []],
    ["one that is named and was made anew", [east, recreated], [west], [], [west]],
    ["one that left, and another of its name elsewhere", [east, cluster("west", "9", "c")], [west], [west], []],
    ["one without a way there, which no other replaces", [cluster("other", "4")], [south], [south], []],
  ])("%s", (_, named, recorded, left, replaced) => {
    expect(knownClusters(named, recorded)).toEqual({ left, replaced });
  });

  test("is a line for each in the ConfigMap, and nothing where there is none", () => {
    const clusters = [west, south].map((record) => `${JSON.stringify(record)}\n`).join("");
    expect(recordsOf({ data: { clusters } })).toEqual([west, south]);
    expect([recordsOf({ data: {} }), recordsOf(undefined)]).toEqual([[], []]);
  });
});

describe("forgetting", () => {
  const left = [cluster("west", "2", "b"), cluster("west", "3", "c"), cluster("south", "4")];
  const kept = new Map([["east", "the program names it"]]);
  const fault = (name: string, reason: string) => `cluster ${name} can't be forgotten: ${reason}`;

  test.each<[string[], string[], string[]]>([
    [[], [], []],
    [["south"], ["4"], []],
    [["west", "west"], ["2", "3"], []],
    [["north"], [], []],
    [["east"], [], [fault("east", "the program names it")]],
    [
      ["wets", "east"],
      [],
      [
        fault("wets", "there is none of this name; it could be north, south, west"),
        fault("east", "the program names it"),
      ],
    ],
  ])("%j: %j %j", (asked, uids, faults) => {
    const found = toForget({ asked, kept, left, others: ["north"] });
    expect({ uids: found.forget.map(({ uid }) => uid), faults: found.faults }).toEqual({ uids, faults });
  });

  test("says so where there is nothing to forget", () => {
    const { faults } = toForget({ asked: ["x"], kept: new Map(), left: [], others: [] });
    expect(faults).toEqual([fault("x", "there is none of this name; there is none to forget")]);
  });
});

describe("why a cluster can't be reached", () => {
  const failed = (cause: unknown) => new TypeError("fetch failed", { cause });
  const coded = (code: string, message = "low level") => Object.assign(new Error(message), { code });

  test.each<[string, unknown, string]>([
    ["nobody listens", failed(coded("ECONNREFUSED")), "connection refused"],
    ["no way there", failed(coded("EHOSTUNREACH")), "no route to host"],
    [
      "several addresses",
      failed(new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")])),
      "connection refused",
    ],
    ["no such name", failed(coded("ENOTFOUND")), "its host name is not known"],
    ["no connection in time", failed(coded("UND_ERR_CONNECT_TIMEOUT")), "no answer in time"],
    [
      "no answer in time",
      new DOMException("The operation was aborted due to timeout", "TimeoutError"),
      "no answer in time",
    ],
    ["an expired certificate", failed(coded("CERT_HAS_EXPIRED")), "its certificate has expired"],
    ["a certificate for later", failed(coded("CERT_NOT_YET_VALID")), "its certificate is not valid yet"],
    [
      "what is not known here tells itself",
      failed(coded("ERR_TLS_CERT_ALTNAME_INVALID", "not for this name")),
      "not for this name",
    ],
    ["a plugin for credentials", new Error("spawn aws ENOENT"), "spawn aws ENOENT"],
    ["something that is no error", "a text", "a text"],
  ])("%s", (_, error, cause) => {
    expect(causeOf(error)).toBe(cause);
  });

  test("a client certificate says itself whether it is valid", () => {
    const { cert } = selfSignedFor("20300101000000Z", "20310201000000Z");
    const on = (date: string) => faultOfCertificate(cert, new Date(date));
    expect(on("2029-12-31")).toBe("its client certificate is not valid before 2030-01-01");
    expect(on("2030-06-01")).toBeUndefined();
    expect(on("2031-02-02")).toBe("its client certificate expired on 2031-02-01");
    expect(faultOfCertificate("no certificate", new Date("2030-06-01"))).toBeUndefined();
  });
});

describe("the kubeconfig that kubectl would use", () => {
  const ambient = (context?: string) =>
    accessTo(
      { name: "main", kubeconfig: "", context, upsertExistingObjects: false, enablePatchForce: false },
      "/nowhere",
    );

  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "linly-mesh-kubeconfig-"));
  });

  function written(name: string, server: string): string {
    const path = join(home, name);
    const clusters = [{ name, cluster: { server } }];
    const contexts = [{ name, context: { cluster: name, user: name } }];
    const config = { apiVersion: "v1", kind: "Config", "current-context": name, clusters, contexts, users: [{ name }] };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true });
  });

  test("is that of all files of KUBECONFIG, and helm looks for them itself", async () => {
    const files = [join(home, "missing"), written("east", "https://east"), written("west", "https://west")];
    vi.stubEnv("KUBECONFIG", files.join(delimiter));
    const [first, west] = [await ambient(), await ambient("west")];
    expect(first.config.getCurrentCluster()?.server).toBe("https://east");
    expect(west.config.getCurrentCluster()?.server).toBe("https://west");
    expect(west.helmArgs).toEqual(["--kube-context", "west"]);
    // What is written down of it leads a later run to the kubeconfig of whoever starts that.
    expect(west.path).toBe("");
  });

  test("is otherwise that of the home directory; where there is none either, the fault says both", async () => {
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", home);
    await expect(ambient()).rejects.toThrow(
      `cluster main: there is no kubeconfig: KUBECONFIG names none, and there is none at ${home}/.kube/config`,
    );
    mkdirSync(join(home, ".kube"));
    written(".kube/config", "https://home");
    expect((await ambient()).config.getCurrentCluster()?.server).toBe("https://home");
  });
});
