import { afterAll, beforeAll, expect, test } from "vitest";
import { inOneCluster } from "../../bench/cases.ts";
import { changesOf } from "../../bench/kills/changes.ts";
import { killedUp } from "../../bench/kills/killed-up.ts";
import { failuresOf, visitsOf } from "../../cli/demo/load.ts";
import { helmPath } from "../../cli/helm.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { up } from "../../engine/index.ts";
import { stopHosts } from "../../lab/lab.ts";
import { multiclusterLab } from "../../lab/spec.ts";
import { kubectl } from "../support/kubectl.ts";
import { applied, startedLab } from "../support/lab.ts";
import { longTest } from "../support/long.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { expectHomeAgain, patient, stages } from "../support/region-checks.ts";
import {
  destroyed,
  meshOfRegions,
  namespace,
  twoRegions,
  usersOf,
  Whereabouts,
  withCluster,
  type Region,
} from "../support/regions.ts";
import { stackWith } from "../support/stack.ts";
import { secretPart } from "../support/tls.ts";

/** After so many objects `up` is killed: other ones for each LINLY_MESH_SEED. */
const seed = Number(process.env["LINLY_MESH_SEED"] ?? 5);
const kills = [1, 2].map((part) => 1 + ((seed * 7919 * part) % 90));

const renewed = (mesh: MeshConfig) => withCluster(mesh, "east", { readerToken: "2" });
const drained = (mesh: MeshConfig) => withCluster(mesh, "east", { drained: true });

describeOnLab("a mesh of two regions, day by day", () => {
  let north: Region;
  let east: Region;

  beforeAll(async () => {
    ({ north, east } = await meshOfRegions());
  });

  afterAll(async () => {
    // Whatever failed, each machine is there for who comes next.
    await startedLab(multiclusterLab);
  });

  /** What users of both see while something is done: nothing. */
  async function unnoticed(work: () => Promise<void>, watched: readonly Region[] = [north, east]): Promise<void> {
    const traffic = await Promise.all(watched.map((region) => usersOf(region)));
    await expect.poll(() => traffic.every(({ sent }) => sent > 20), patient).toBe(true);
    await work();
    const results = await Promise.all(traffic.map((users) => users.end()));
    expect(results.flatMap((each) => failuresOf(each))).toEqual([]);
  }

  test("a region is drained and given back, and nobody notices", async () => {
    await unnoticed(async () => {
      await applied(stackWith(twoRegions, drained));
      expect(await east.view.pods(namespace)).toEqual([]);
      const whereabouts = new Whereabouts();
      await whereabouts.learn(north);
      const results = await east.sent(100);
      expect(failuresOf(results)).toEqual([]);
      for (const stage of Object.keys(stages)) expect(whereabouts.count(visitsOf(results, stage)).north).toBe(100);
      await applied(stackWith(twoRegions));
    });
    await expectHomeAgain({ north, east }, 100);
  });

  longTest("the token by which the north reads the east is replaced, and the old one is worth nothing", async () => {
    const token = () => secretPart(east.kubeconfig, "istio-system", "linly-mesh-reader-1", "token");
    const old = await token();
    const asOld = ["--token", old, "--server", "https://100.96.1.10:6443", "--insecure-skip-tls-verify"];
    const pods = ["get", "pods", "--namespace", namespace];
    const bare = "/dev/null";
    expect(await kubectl(bare, [...asOld, ...pods])).toMatch(/asr-service/);
    await unnoticed(async () => {
      await applied(stackWith(twoRegions, renewed));
      // An API server believes what it has just believed for some seconds more.
      const answer = () => kubectl(bare, [...asOld, ...pods]).catch(String);
      await expect.poll(answer, patient).toMatch(/Unauthorized|must be logged in/);
      // The north goes on reading: it learns of a pod that is new.
      await east.restarted("tts-service-v1");
    });
    await expectHomeAgain({ north, east }, 100);
  });

  longTest("a token that somebody takes away is made anew by the next up; nobody notices meanwhile", async () => {
    await unnoticed(async () => {
      await kubectl(east.kubeconfig, ["--namespace", "istio-system", "delete", "secret", "linly-mesh-reader-2"]);
      // Kubernetes makes the same token for the same name: what the north holds is good again.
      expect(changesOf(await applied(stackWith(twoRegions, renewed)))).toEqual([
        "create Secret istio-system/linly-mesh-reader-2 in east",
      ]);
      await east.restarted("tts-service-v1");
    });
  });

  test(`a region leaves with all that it had and comes again, though up is killed after ${kills.join(" and again after ")} objects (seed ${seed}); nobody in the other one notices`, async () => {
    await unnoticed(async () => {
      const { steps } = await applied(stackWith(twoRegions, inOneCluster));
      expect(steps.filter(({ cluster, outcome }) => cluster === "east" && outcome === "delete").length).toBeGreaterThan(
        20,
      );
      expect(await east.ownNamespaces()).toEqual([]);
      for (const objects of kills) expect(await killedUp(twoRegions, objects)).toBeGreaterThanOrEqual(objects);
      await applied(stackWith(twoRegions));
    }, [north]);
    await expectHomeAgain({ north, east }, 100);
    expect(changesOf(await applied(stackWith(twoRegions)))).toEqual([]);
  });

  longTest("a region whose API server is away at up is named, and nothing hangs; the next up completes", async () => {
    await stopHosts(multiclusterLab.name, "east", "control-plane");
    await expect(applied(stackWith(twoRegions))).rejects.toThrow(/cluster east/);
    expect(failuresOf(await north.sent(50))).toEqual([]);
    await startedLab(multiclusterLab);
    const { steps } = await applied(stackWith(twoRegions));
    expect(steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    await expect.poll(async () => failuresOf(await east.sent(40, { timeout: 5000 })).length, patient).toBe(0);
  });

  longTest("a region that dies while it is made is named, and nothing hangs; the next up completes", async () => {
    await applied(stackWith(twoRegions, inOneCluster));
    let made = 0;
    let lost: Promise<string[]> | undefined;
    const halfway = up(stackWith(twoRegions), { helm: () => helmPath(console.log) }, (event) => {
      if (event.type !== "done" || event.step.cluster !== "east" || event.step.outcome !== "create") return;
      made += 1;
      if (made === 20) lost = stopHosts(multiclusterLab.name, "east", "control-plane");
    });
    await expect(halfway).rejects.toThrow(/\beast\b/);
    expect(await lost).toEqual(["east/control-plane"]);
    expect(failuresOf(await north.sent(50))).toEqual([]);

    await startedLab(multiclusterLab);
    const { steps } = await applied(stackWith(twoRegions));
    expect(steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    await expectHomeAgain({ north, east }, 100);
    expect(changesOf(await applied(stackWith(twoRegions)))).toEqual([]);
  });

  test("destroy leaves both clusters as they were", async () => {
    await destroyed();
    for (const region of [north, east]) {
      expect(await region.ownNamespaces(), region.name).toEqual([]);
      const kinds = "clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations";
      const left = await kubectl(region.kubeconfig, ["get", kinds, "--output", "name"]);
      expect(left.split("\n").filter((name) => /istio|linly|cert-manager/.test(name))).toEqual([]);
      const records = ["--namespace", "kube-system", "get", "configmaps,leases", "--output", "name"];
      expect(await kubectl(region.kubeconfig, records)).not.toMatch(/linly-mesh/);
    }
    expect((await startedLab(multiclusterLab)).healthy).toBe(true);
  });
});
