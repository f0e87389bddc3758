import { beforeAll, expect, test } from "vitest";
import { killedUp } from "../../bench/kills/killed-up.ts";
import { load } from "../../cli/demo/load.ts";
import { helmPath } from "../../cli/helm.ts";
import { destroy } from "../../engine/index.ts";
import { applied, localMesh, meshAsItIs } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { settled } from "../support/settled.ts";
import { stackWith } from "../support/stack.ts";

/** The point at which `up` is killed, after so many of its 42 objects: another one for each LINLY_MESH_SEED. */
const seed = Number(process.env["LINLY_MESH_SEED"] ?? 5);
const killAfter = 1 + ((seed * 7919) % 34);

describeOnLab("an up that is killed", () => {
  beforeAll(async () => {
    await localMesh();
  });

  test(`after ${killAfter} objects (seed ${seed}) is completed by the next`, async () => {
    await destroy(stackWith("local"), { helm: () => helmPath(console.log) }, () => undefined);
    expect(await killedUp("local", killAfter)).toBeGreaterThanOrEqual(killAfter);

    const { steps } = await applied(stackWith("local"));
    expect(steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);

    const { url, kubeconfig } = await meshAsItIs();
    await settled(kubeconfig);
    const results = await load({ url, concurrency: 8, timeout: 60_000 }, (sent) => sent >= 100);
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);

    const again = await applied(stackWith("local"));
    expect(again.steps.filter(({ outcome }) => outcome === "create" || outcome === "update")).toEqual([]);
  });
});
