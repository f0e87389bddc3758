import { CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { beforeAll, expect, test } from "vitest";
import { countVersions, failuresOf, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { settled } from "../support/settled.ts";
import { stackWith } from "../support/stack.ts";
import { trafficDuring } from "../support/traffic.ts";

describeOnLab("versions that come and go under load", () => {
  let target: { url: string; concurrency: number; timeout: number };
  let kubeconfig: string;

  beforeAll(async () => {
    const mesh = await localMesh();
    target = { url: mesh.url, concurrency: 16, timeout: 60_000 };
    ({ kubeconfig } = mesh);
  });

  /** Applies these versions of llm while requests go on, and tells what came of those. */
  async function duringUp(weights: Record<string, number>): Promise<Result[]> {
    const during = await trafficDuring({ url: target.url, concurrency: 8 }, () =>
      applied(stackWith("local", (mesh) => withVersions(mesh, weights))),
    );
    expect(during.length).toBeGreaterThan(100);
    await settled(kubeconfig);

    const after = await load(target, (sent) => sent >= 300);
    expect(failuresOf(after)).toEqual([]);
    const taken = Object.keys(weights).filter((name) => (weights[name] ?? 0) > 0);
    expect([...countVersions(visitsOf(after, "llm")).keys()].sort()).toEqual(taken.sort());
    return during;
  }

  test.each([
    { "v1-stable": 50, "v2-experiment": 0, "v3-next": 50 }, // one comes with a share, one loses its own
    { "v1-stable": 50, "v3-next": 50 }, // and goes
    { "v1-stable": 0, "v2-experiment": 30, "v3-next": 70 },
    { "v2-experiment": 30, "v3-next": 70 },
  ])("to %j: no request fails", async (weights) => {
    expect(failuresOf(await duringUp(weights))).toEqual([]);
  });

  test("a version that goes with its share may lose what was on its way to it, for the moment of a push", async () => {
    const during = await duringUp({ "v1-stable": 90, "v2-experiment": 10 });
    const lost = failuresOf(during);
    expect(lost.filter((failure) => !/no healthy upstream|upstream connect error/.test(failure))).toEqual([]);
    // Of a share of 70 %, and of some ten seconds: those that fail are sooner back for the next than those that are answered.
    expect(lost.length).toBeLessThan(0.15 * during.length);
  });

  test("the control: a subset that goes before its route loses requests, and the load sees it", async () => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    config.setCurrentContext("local");
    await config.makeApiClient(CustomObjectsApi).deleteNamespacedCustomObject({
      group: "networking.istio.io",
      version: "v1",
      plural: "destinationrules",
      namespace: "linly",
      name: "llm-service-v2-experiment",
    });
    const lost: string[] = [];
    for (let batch = 0; batch < 50 && lost.length === 0; batch += 1)
      lost.push(...failuresOf(await load(target, (sent) => sent >= 200)));
    expect(lost.length).toBeGreaterThan(0);
    expect(lost[0]).toMatch(/^502 \{"stage":"asr"/);
  });
});

/** The local stack with exactly these versions of llm, alike but for their names and weights. */
function withVersions(mesh: MeshConfig, weights: Record<string, number>): MeshConfig {
  const { llm } = mesh.services;
  const [first] = llm?.versions ?? [];
  if (llm === undefined || first === undefined) throw new Error("the local stack has no llm");
  const versions = Object.entries(weights).map(([name, weight]) => ({ ...first, name, weight }));
  return { ...mesh, services: { ...mesh.services, llm: { ...llm, versions } } };
}
