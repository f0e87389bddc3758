import { KubeConfig, CoreV1Api, ApiextensionsV1Api } from "@kubernetes/client-node";
import { spawn } from "node:child_process";
import { beforeAll, expect, test, vi } from "vitest";
import { helmPath } from "../../cli/helm.ts";
import { projectDir } from "../../cli/project.ts";
import { destroy } from "../../engine/index.ts";
import { labDown, labStatus, leftovers } from "../../lab/lab.ts";
import { localLab, type LabState } from "../../lab/spec.ts";
import { localMesh, startedLab } from "../support/lab.ts";
import { longTest } from "../support/long.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { machineNow } from "../support/machine.ts";
import { stackWith } from "../support/stack.ts";

/** Starts `linly-mesh lab up`; once the host is alive, kills the host's first process and the command, both for good. */
async function killedLabUp(host: string): Promise<void> {
  const child = spawn(process.execPath, ["cli/linly-mesh.js", "lab", "up"], { cwd: projectDir, stdio: "ignore" });
  const ended = new Promise((resolve) => {
    child.on("close", resolve);
  });
  const pid = await vi.waitUntil(
    async () => (await labStatus(localLab.name))?.hosts.find(({ name }) => name.endsWith(`/${host}`))?.pid,
    { timeout: 120_000, interval: 100 },
  );
  process.kill(pid, "SIGKILL");
  child.kill("SIGKILL");
  await ended;
}

describeOnLab("taking it all away", () => {
  let lab: LabState;

  beforeAll(async () => {
    ({ lab } = await localMesh());
  });

  test("destroy leaves nothing of the stack in the cluster but CRDs, which the charts keep", async () => {
    await destroy(stackWith("local"), { helm: () => helmPath(console.log) }, () => undefined);
    const config = new KubeConfig();
    config.loadFromFile(lab.kubeconfig);
    const namespaces = (await config.makeApiClient(CoreV1Api).listNamespace()).items.map(
      ({ metadata }) => metadata?.name,
    );
    expect(namespaces.sort()).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
    const inSystem = await config.makeApiClient(CoreV1Api).listNamespacedConfigMap({ namespace: "kube-system" });
    expect(inSystem.items.map(({ metadata }) => metadata?.name)).not.toContain("linly-mesh-local");
    const crds = (await config.makeApiClient(ApiextensionsV1Api).listCustomResourceDefinition()).items;
    expect(crds.every(({ spec }) => /(?:istio|cert-manager)\.io$/.test(spec.group))).toBe(true);
  });

  test("lab down leaves nothing that the lab knows of", async () => {
    expect(await leftovers(localLab.name)).not.toEqual([]);
    await labDown(localLab.name, console.log);
    expect(await leftovers(localLab.name)).toEqual([]);
  });

  longTest("a lab that came and went leaves the machine as it was, by the system's own account", async () => {
    await labDown(localLab.name, console.log);
    const before = machineNow();
    await startedLab();
    expect(machineNow().interfaces).not.toEqual(before.interfaces);
    await labDown(localLab.name, console.log);
    expect(machineNow()).toEqual(before);
  });

  longTest("so does one whose lab up and whose node were killed", async () => {
    await labDown(localLab.name, console.log);
    const before = machineNow();
    await killedLabUp("gpu-1");
    expect(machineNow()).not.toEqual(before);
    await labDown(localLab.name, console.log);
    expect(machineNow()).toEqual(before);
  });
});
