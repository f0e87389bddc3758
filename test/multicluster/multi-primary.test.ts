import { beforeAll, afterAll, expect, test } from "vitest";
import { failuresOf, visitsOf } from "../../cli/demo/load.ts";
import type { Result as UpResult } from "../../engine/index.ts";
import { kubectl } from "../support/kubectl.ts";
import { describeOnLab } from "../support/on-lab.ts";
import {
  expectAtHome,
  expectHomeAgain,
  expectNamedServicesOnly,
  expectOneRoot,
  expectSettled,
  expectSidecars,
  expectUnnoticedWithoutIstiod,
  intermediateOf,
  patient,
} from "../support/region-checks.ts";
import { destroyed, meshFromNothing, usersOf, Whereabouts, type Region } from "../support/regions.ts";
import { multiPrimary } from "../support/stack.ts";

describeOnLab("two primaries", () => {
  let north: Region;
  let east: Region;
  let first: UpResult;

  beforeAll(async () => {
    await destroyed();
    ({ north, east, up: first } = await meshFromNothing(multiPrimary));
  });

  afterAll(async () => {
    await destroyed(multiPrimary);
  });

  test("one up makes both from nothing, and a second one changes nothing", async () => {
    await expectSettled(first, multiPrimary);
  });

  test("each control plane has an intermediate of its own, by one root; no key left its cluster", async () => {
    await expectSidecars([north, east]);
    const root = await expectOneRoot({ north, east });
    expect(await intermediateOf(east, root)).not.toBe(await intermediateOf(north, root));
    // What of the east's CA lies in the north is a request and its answer.
    const requests = await kubectl(north.kubeconfig, [
      ...["--namespace", "istio-system", "get", "certificaterequests", "--output", "yaml"],
    ]);
    expect(requests).toMatch(/east-intermediate-1/);
    expect(requests).not.toMatch(/PRIVATE KEY/);
    const secrets = ["--namespace", "istio-system", "get", "secrets", "--output", "name"];
    const names = await kubectl(north.kubeconfig, secrets);
    expect(names.split("\n").filter((name) => name.includes("mesh-ca-request"))).toEqual([]);
  });

  test("users stay in their region", async () => {
    await expectAtHome({ north, east }, 500);
  });

  test("what is called from the other region is let in there, and nothing else", async () => {
    await expectNamedServicesOnly({ north, east }, await expectOneRoot({ north, east }));
  });

  test.each([
    ["east", "north"],
    ["north", "east"],
  ] as const)("a service that the %s has lost is the %s's to answer", async (lost, other) => {
    const regions = { north, east };
    const [poor, rich] = [regions[lost], regions[other]];
    const traffic = await usersOf(poor);
    await poor.scale("tts-service-v1", 0);
    await expect.poll(async () => (await poor.podsOf("tts-service")).length, patient).toBe(0);
    const whereabouts = new Whereabouts();
    await whereabouts.learn(poor, rich);
    // A pod that is told to end still answers until its callers know.
    const elsewhere = async () => whereabouts.count(visitsOf(await poor.sent(40), "tts"))[other];
    await expect.poll(elsewhere, patient).toBe(40);
    const results = await poor.sent(200);
    expect(failuresOf(results)).toEqual([]);
    expect(whereabouts.count(visitsOf(results, "tts"))).toMatchObject({ [other]: 200, [lost]: 0 });
    await poor.scale("tts-service-v1", 1);
    await poor.rolledOut("tts-service-v1");
    expect(failuresOf(await traffic.end())).toEqual([]);
    await expectHomeAgain(regions, 200);
  });

  test("the control plane of one lost, both data planes go on", async () => {
    await expectUnnoticedWithoutIstiod({ north, east }, 200);
  });
});
