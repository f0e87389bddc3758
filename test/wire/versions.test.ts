import { CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { beforeAll, expect, test } from "vitest";
import { countVersions, failuresOf, load, visitsOf } from "../../cli/demo/load.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { applied, describeOnLab, localMesh } from "../support/lab.ts";
import { stackWith } from "../support/stack.ts";

describeOnLab("versions that come and go under load", () => {
  let target: { url: string; concurrency: number; timeout: number };
  let kubeconfig: string;

  beforeAll(async () => {
    const mesh = await localMesh();
    target = { url: mesh.url, concurrency: 16, timeout: 60_000 };
    ({ kubeconfig } = mesh);
  });

  test.each([
    { "v1-stable": 50, "v3-next": 50 },
    { "v2-experiment": 30, "v3-next": 70 },
    { "v1-stable": 90, "v2-experiment": 10 },
  ])("to exactly %j in one up: no request fails", async (weights) => {
    let changed = false;
    const loading = load(target, () => changed);
    try {
      await applied(stackWith("local", (mesh) => withVersions(mesh, weights)));
    } finally {
      changed = true;
    }
    const during = await loading;
    expect(during.length).toBeGreaterThan(100);
    expect(failuresOf(during)).toEqual([]);

    const after = await load(target, (sent) => sent >= 300);
    expect(failuresOf(after)).toEqual([]);
    expect([...countVersions(visitsOf(after, "llm")).keys()].sort()).toEqual(Object.keys(weights).sort());
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
    await applied(stackWith("local"));
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
