import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { load } from "../../cli/demo/load.ts";
import { helmPath } from "../../cli/helm.ts";
import { projectDir } from "../../cli/project.ts";
import { destroy } from "../../engine/index.ts";
import { applied, describeOnLab, localMesh } from "../support/lab.ts";
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
    expect(await killedUp(killAfter)).toBeGreaterThanOrEqual(killAfter);

    const { steps } = await applied(stackWith("local"));
    expect(steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);

    const { url } = await localMesh();
    const results = await load({ url, concurrency: 8, timeout: 60_000 }, (sent) => sent >= 100);
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);

    const again = await applied(stackWith("local"));
    expect(again.steps.filter(({ outcome }) => outcome === "create" || outcome === "update")).toEqual([]);
  });
});

const event = z.object({ type: z.string(), step: z.object({ outcome: z.string() }).optional() });

/** Runs `linly-mesh up local` and kills it, without a chance to clean up, once `objects` objects are done. */
function killedUp(objects: number): Promise<number> {
  const child = spawn(process.execPath, ["cli/linly-mesh.js", "up", "local", "--json"], {
    cwd: projectDir,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let done = 0;
  createInterface(child.stdout).on("line", (line) => {
    if (!line.startsWith("{")) return;
    const { type, step } = event.parse(JSON.parse(line));
    if (type === "done" && step !== undefined && step.outcome !== "register") done += 1;
    if (done === objects) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(done);
      else reject(new Error(`up ended by itself (exit ${code}) after ${done} objects`));
    });
  });
}
