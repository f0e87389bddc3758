import { beforeAll, expect, test } from "vitest";
import { countVersions, visitsOf } from "../../cli/demo/load.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import type { Result as UpResult } from "../../engine/index.ts";
import type { LabState } from "../../lab/spec.ts";
import { kubectl } from "../support/kubectl.ts";
import { describeOnLab } from "../support/on-lab.ts";
import {
  expectAtHome,
  expectNamedServicesOnly,
  expectOneRoot,
  expectSettled,
  expectSidecars,
  expectUnnoticedWithoutIstiod,
  intermediateOf,
  patient,
} from "../support/region-checks.ts";
import { meshFromNothing, namespace, type Region } from "../support/regions.ts";

const deviations = 5;

describeOnLab("a primary and a remote", () => {
  let north: Region;
  let east: Region;
  let lab: LabState;
  let first: UpResult;

  beforeAll(async () => {
    ({ north, east, lab, up: first } = await meshFromNothing());
  });

  test("one up makes both from nothing, and a second one changes nothing", async () => {
    await expectSettled(first);
  });

  test("one control plane serves the sidecars of both, by one root", async () => {
    await expectSidecars([north, east]);
    expect((await north.view.pods("istio-system")).map(({ app }) => app)).toEqual(["istiod"]);
    expect(await east.view.pods("istio-system")).toEqual([]);
    const ofIstio = first.steps.filter(({ inputs }) => String(inputs["apiVersion"]).includes("istio.io/"));
    expect(new Set(ofIstio.map(({ cluster }) => cluster))).toEqual(new Set(["north"]));
    const root = await expectOneRoot({ north, east });
    expect(await intermediateOf(east, root)).toBe(await intermediateOf(north, root));
  });

  test("users stay in their region; the canary is for those of the north", async () => {
    const count = 1000;
    const results = await expectAtHome({ north, east }, count);
    const { low, high } = expectedCount(0.1, count, deviations);
    const inNorth = countVersions(visitsOf(results.north, "llm")).get("v2-experiment") ?? 0;
    expect(inNorth).toBeGreaterThanOrEqual(low);
    expect(inNorth).toBeLessThanOrEqual(high);
    expect([...countVersions(visitsOf(results.east, "llm")).keys()]).toEqual(["v1-stable"]);
  });

  test("what is called from the other region is let in there, and nothing else", async () => {
    await expectNamedServicesOnly({ north, east }, await expectOneRoot({ north, east }));
  });

  test("the account by which the north reads the east may see, and change nothing but what it serves", async () => {
    const may = async (verb: string, what: string) => {
      const as = "system:serviceaccount:istio-system:linly-mesh-reader";
      const args = ["auth", "can-i", verb, what, "--all-namespaces", "--as", as];
      // kubectl ends with 1 after a no, and tells nothing but that.
      return kubectl(east.kubeconfig, args).then(
        (text) => text.trim(),
        (error: unknown) => (/Unable|Error from server/.test(String(error)) ? String(error) : "no"),
      );
    };
    for (const what of ["pods", "services", "endpointslices.discovery.k8s.io", "secrets"]) {
      expect(await may("list", what), what).toBe("yes");
    }
    for (const what of ["pods", "pods/exec", "deployments.apps", "secrets", "serviceaccounts/token"]) {
      for (const verb of ["create", "update", "patch", "delete"]) {
        expect(await may(verb, what), `${verb} ${what}`).toBe("no");
      }
    }
    expect(await may("list", "deployments.apps")).toBe("no");
    expect(await may("delete", "mutatingwebhookconfigurations.admissionregistration.k8s.io")).toBe("no");
  });

  test("without its control plane the data plane goes on; a new pod waits for it", async () => {
    await expectUnnoticedWithoutIstiod({ north, east }, 200, async () => {
      // A version that is rolled out meanwhile keeps its pods until new ones can be injected.
      await kubectl(east.kubeconfig, ["--namespace", namespace, "rollout", "restart", "deployment/face-service-v1"]);
      const events = () => kubectl(east.kubeconfig, ["--namespace", namespace, "get", "events", "--output", "json"]);
      await expect.poll(events, patient).toMatch(/failed calling webhook/);
    });
    await east.rolledOut("face-service-v1");
    expect(lab.healthy).toBe(true);
  });
});
