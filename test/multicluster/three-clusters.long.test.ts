import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { failuresOf, visitsOf, type Result } from "../../cli/demo/load.ts";
import { istioNamespace } from "../../components/istio/values.ts";
import type { MeshConfig } from "../../config/schema.ts";
import type { Result as UpResult } from "../../engine/index.ts";
import { multiclusterLab, region, type LabSpec } from "../../lab/spec.ts";
import { applied, startedLab } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { expectEachAtHome, expectSettled, expectSidecars, intermediateOf, patient } from "../support/region-checks.ts";
import { destroyed, Region, twoRegions, usersOf, Whereabouts } from "../support/regions.ts";
import { stackWith } from "../support/stack.ts";
import { secretPart } from "../support/tls.ts";

/** The lab of two clusters with a third one. */
const lab: LabSpec = { name: multiclusterLab.name, clusters: [...multiclusterLab.clusters, region("west")] };

describeOnLab("two primaries, one of which has a remote", () => {
  let north: Region;
  let east: Region;
  let west: Region;
  let all: readonly Region[];
  let first: UpResult;

  beforeAll(async () => {
    const { kubeconfig } = await startedLab(lab);
    north = new Region("north", kubeconfig);
    east = new Region("east", kubeconfig);
    west = new Region("west", kubeconfig);
    all = [north, east, west];
    first = await applied(stackWith(twoRegions, withWest));
  });

  afterAll(() => destroyed(withWest));

  /** Where so many requests of a region's users were served by face. */
  async function face(region: Region, count = 40) {
    const whereabouts = new Whereabouts();
    await whereabouts.learn(...all);
    const results = await region.sent(count);
    expect(failuresOf(results)).toEqual([]);
    return whereabouts.count(visitsOf(results, "face"));
  }

  test("one up makes all three from nothing, and a second one changes nothing", async () => {
    await expectSettled(first, withWest);
  });

  test("the remote has the control plane and the intermediate of its primary; all have one root", async () => {
    const istiods = await Promise.all(
      all.map(async ({ view }) => (await view.pods(istioNamespace)).map(({ app }) => app)),
    );
    expect(istiods).toEqual([["istiod"], [], ["istiod"]]);
    await expectSidecars(all);
    const root = await secretPart(north.kubeconfig, istioNamespace, "mesh-root", "tls.crt");
    const [ofNorth, ofEast, ofWest] = await Promise.all(all.map((region) => intermediateOf(region, root)));
    expect(ofEast).toBe(ofNorth);
    expect(ofWest).not.toBe(ofNorth);
  });

  test("users stay in their region", async () => {
    await vi.waitFor(() => expectEachAtHome(all, 200), patient);
  });

  test("what one has lost the others serve, across control planes as well, and it goes home again", async () => {
    const traffic: { end(): Promise<Result[]> }[] = [];
    for (const region of all) traffic.push(await usersOf(region));

    await east.scale("face-service-v1", 0);
    await expect.poll(async () => (await face(east)).east, patient).toBe(0);
    const both = await face(east, 200);
    expect(both.north + both.west).toBe(200);
    // Neither is nearer than the other one.
    expect(Math.min(both.north, both.west)).toBeGreaterThan(0);

    await north.scale("face-service-v1", 0);
    for (const region of all) await expect.poll(async () => (await face(region)).west, patient).toBe(40);

    for (const region of [north, east]) {
      await region.scale("face-service-v1", 1);
      await region.rolledOut("face-service-v1");
    }
    await vi.waitFor(() => expectEachAtHome(all, 100), patient);
    const results = await Promise.all(traffic.map((users) => users.end()));
    expect(results.flatMap((each) => failuresOf(each))).toEqual([]);
  });

  test("destroy leaves all three as they were", async () => {
    await destroyed(withWest);
    for (const region of all) expect(await region.ownNamespaces(), region.name).toEqual([]);
  });
});

/** A second primary beside the first one and its remote. */
function withWest(mesh: MeshConfig): MeshConfig {
  const [north, east] = mesh.clusters;
  if (north === undefined || east === undefined) throw new Error("the stack has two clusters");
  const place = { network: "west", region: "cn-west", zones: ["cn-west-a", "cn-west-b"] };
  const west = { ...north, ...place, name: "west", context: "west", apiServer: "https://100.96.2.10:6443" };
  return { ...mesh, clusters: [north, { ...east, primary: "north" }, west] };
}
