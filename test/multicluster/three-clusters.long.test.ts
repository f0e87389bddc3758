import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { changesOf } from "../../bench/kills/changes.ts";
import { failuresOf, visitsOf, type Result } from "../../cli/demo/load.ts";
import { istioNamespace } from "../../components/istio/values.ts";
import type { MeshConfig } from "../../config/schema.ts";
import type { Result as UpResult } from "../../engine/index.ts";
import { multiclusterLab, type LabSpec } from "../../lab/spec.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied, startedLab } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { intermediateOf, patient, stages } from "../support/region-checks.ts";
import { destroyed, namespace, Region, twoRegions, usersOf, Whereabouts } from "../support/regions.ts";
import { stackWith } from "../support/stack.ts";
import { secretPart } from "../support/tls.ts";

/** The lab of two clusters with a third one. */
const lab: LabSpec = {
  name: multiclusterLab.name,
  clusters: [
    ...multiclusterLab.clusters,
    {
      name: "west",
      region: "cn-west",
      network: "west",
      nodes: [
        { name: "cpu-1", pool: "cpu", zone: "cn-west-a", gpus: 0 },
        { name: "gpu-1", pool: "gpu", zone: "cn-west-b", gpus: 8 },
      ],
    },
  ],
};

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

  /** Where so many requests of a region's users were served, stage by stage. */
  async function served(region: Region, count: number) {
    const whereabouts = new Whereabouts();
    await whereabouts.learn(...all);
    const results = await region.sent(count);
    expect(failuresOf(results)).toEqual([]);
    return (stage: string) => whereabouts.count(visitsOf(results, stage));
  }

  async function expectAllAtHome(count: number): Promise<void> {
    for (const region of all) {
      const counts = await served(region, count);
      for (const stage of Object.keys(stages))
        expect(counts(stage)[region.name], `${stage} for users of ${region.name}`).toBeGreaterThanOrEqual(0.99 * count);
    }
  }

  test("one up makes all three from nothing, and a second one changes nothing", async () => {
    expect([...new Set(first.steps.map(({ outcome }) => outcome))].sort()).toEqual(["create", "register"]);
    expect(changesOf(await applied(stackWith(twoRegions, withWest)))).toEqual([]);
  });

  test("the remote has the control plane and the intermediate of its primary; all have one root", async () => {
    const istiods = await Promise.all(
      all.map(async ({ view }) => (await view.pods(istioNamespace)).map(({ app }) => app)),
    );
    expect(istiods).toEqual([["istiod"], [], ["istiod"]]);
    for (const { name, view } of all)
      for (const pod of await view.pods(namespace)) expect(pod.ready, `${name}/${pod.name}`).toContain("istio-proxy");
    const root = await secretPart(north.kubeconfig, istioNamespace, "mesh-root", "tls.crt");
    const [ofNorth, ofEast, ofWest] = await Promise.all(all.map((region) => intermediateOf(region, root)));
    expect(ofEast).toBe(ofNorth);
    expect(ofWest).not.toBe(ofNorth);
  });

  test("users stay in their region", async () => {
    await vi.waitFor(() => expectAllAtHome(200), patient);
  });

  test("what one has lost the others serve, across control planes as well, and it goes home again", async () => {
    const traffic: { end(): Promise<Result[]> }[] = [];
    for (const region of all) traffic.push(await usersOf(region));
    const face = async (region: Region, count = 40) => (await served(region, count))("face");

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
    await vi.waitFor(() => expectAllAtHome(100), patient);
    const results = await Promise.all(traffic.map((users) => users.end()));
    expect(results.flatMap((each) => failuresOf(each))).toEqual([]);
  });

  test("destroy leaves all three as they were", async () => {
    await destroyed(withWest);
    for (const { name, kubeconfig } of all) {
      const names = await kubectl(kubeconfig, ["get", "namespaces", "--output", "name"]);
      const own = names.split("\n").filter((one) => one !== "" && !/^namespace\/(default|kube-.*)$/.test(one));
      expect(own, name).toEqual([]);
    }
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
