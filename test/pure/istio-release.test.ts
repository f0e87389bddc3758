import { describe, expect, test } from "vitest";
import { untestedRelease } from "../../config/checks/istio-release.ts";
import { checkMesh } from "../../config/parse.ts";

const charts = (version: string) => ({ repository: "https://charts.example.com/istio", version });

const meshOf = (source: object) => ({
  mode: "chain",
  pipeline: ["asr"],
  clusters: [{ name: "local", network: "n1", region: "r1" }],
  istio: { charts: source },
  services: { asr: { engine: "simulator", versions: [{ name: "v1", weight: 100, image: "x/asr:1" }] } },
});

const faultsOf = (source: object) => checkMesh(meshOf(source)).faults;

describe("the release of Istio's charts", () => {
  test.each(["1.31.1", "v1.31.0", "1.31.0-rc.1", "1.32.0", "2.0.0"])("%s is taken", (version) => {
    expect(faultsOf(charts(version))).toEqual([]);
  });

  test.each(["1.30.9", "1.20.0", "v1.9.2", "0.31.1"])("%s is a fault: it is too old", (version) => {
    const message = `${JSON.stringify(version)} is too old: what the program writes takes Istio 1.31 or newer`;
    expect(faultsOf(charts(version))).toEqual([{ path: "istio.charts.version", message }]);
  });

  test("charts in a folder do not tell theirs", () => {
    expect(faultsOf({ folder: "charts" })).toEqual([]);
  });

  test.each<[object, string | undefined]>([
    [charts("1.31.7"), undefined],
    [{ folder: "charts" }, undefined],
    [charts("1.32.0"), "istio.charts.version is 1.32.0; this program is written and tested for Istio 1.31"],
    [charts("v2.31.0"), "istio.charts.version is v2.31.0; this program is written and tested for Istio 1.31"],
  ])("%j: what a preview warns of is %s", (source, expected) => {
    const mesh = checkMesh(meshOf(source)).config;
    expect(mesh && untestedRelease(mesh.istio)).toBe(expected);
  });
});
