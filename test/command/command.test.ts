import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { programOf, projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { up } from "../../engine/index.ts";
import { multiclusterLab } from "../../lab/spec.ts";
import { recordedLabs } from "../../lab/state.ts";
import { ended } from "../support/command.ts";
import { freePort } from "../support/free-port.ts";
import { missingForLab } from "../support/requirements.ts";

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the command as a user does, with the Node that runs this test. */
function linlyMesh(args: readonly string[], options: { env?: NodeJS.ProcessEnv; uid?: number } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(projectDir, "cli/linly-mesh.js"), ...args], {
    env: { ...process.env, ...options.env },
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

describe("exit codes", () => {
  test.each<[string, string[], RegExp]>([
    ["no such command", ["previw", "local"], /Did you mean preview/],
    ["no such stack", ["preview", "prdo"], /stacks\/Pulumi\.prdo\.yaml has 1 problem:\n.*did you mean "prod"\?/],
    ["an unknown option", ["preview", "local", "--rendr", "x"], /unknown option '--rendr'/],
    ["up of a stack that is not the lab's", ["up", "prod"], /npx pulumi up --stack prod/],
    ["destroy of one", ["destroy", "prod"], /npx pulumi destroy --stack prod/],
    ["a lab of a stack that has none", ["lab", "up", "prod"], /"prod" has no lab.*local, local-multicluster/],
    [
      "no such policy pack",
      ["preview", "local", "--policy-pack", "nopack"],
      /^--policy-pack nopack: there is no such folder\n$/,
    ],
    [
      "a folder that is no policy pack",
      ["preview", "local", "--policy-pack", "docs"],
      /^--policy-pack docs is no policy pack: it has no PulumiPolicy\.yaml\n$/,
    ],
    ["no such policy config", ["preview", "local", "--policy-pack-config", "/nowhere"], /\/nowhere is no JSON object/],
  ])("2 for %s", async (_, args, message) => {
    const { code, output } = await linlyMesh(args);
    expect(output).toMatch(message);
    expect(code).toBe(2);
  });

  test.each<[string, string[], RegExp]>([
    ["no such stack", ["--stack", "prdo"], /stacks\/Pulumi\.prdo\.yaml has 1 problem:\n.*did you mean "prod"\?/],
    ["a stack that is not the lab's", ["--stack", "prod"], /not marked "lab: true"/],
    ["an unknown option", ["--stak", "local"], /unknown option '--stak'/],
  ])("2 for npm start with %s, before anything is built", async (_, args, message) => {
    const { code, stdout, stderr } = await ended(process.execPath, [join(projectDir, "cli/start.ts"), ...args]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("0 for help", async () => {
    const { code, output } = await linlyMesh(["--help"]);
    expect(output).toContain("preview");
    expect(code).toBe(0);
  });

  test("1 for a violated policy, with every violation", async () => {
    const config = new URL("fixtures/digests-mandatory.json", import.meta.url).pathname;
    const { code, output } = await linlyMesh(["preview", "local", "--policy-pack-config", config]);
    expect(output).toMatch(/7 problems:\n {2}policy images-by-digest: Deployment linly\/asr-service-v1: the image of/);
    expect(code).toBe(1);
  });

  test("--json is one plan, with the stack's outputs", async () => {
    const child = await linlyMesh(["preview", "prod", "--json"]);
    expect(child.code).toBe(0);
    const json: unknown = JSON.parse(child.output.slice(child.output.indexOf("{\n")));
    expect(json).toMatchObject({ stack: "prod", outputs: { diagram: expect.stringContaining("flowchart LR") } });
  });
});

describe("a machine that cannot have a lab", () => {
  const asRoot = describe.skipIf(missingForLab() !== undefined);

  asRoot("for a user without root", () => {
    test("is told what is needed and what else there is", async () => {
      const { code, output } = await linlyMesh(["lab", "up"], { uid: 65_534 });
      expect(output).toMatch(/a lab needs root.*or use a cluster that you have, by pulumi up/);
      expect(code).toBe(1);
    });
  });

  asRoot("without Go", () => {
    test("is told which Go is needed", async () => {
      const cache = mkdtempSync(join(tmpdir(), "linly-mesh-cache-"));
      try {
        // A lab that runs on this machine is the one that may be asked for.
        const stack = (await recordedLabs()).includes(multiclusterLab.name) ? ["local-multicluster"] : [];
        const { code, output } = await linlyMesh(["lab", "up", ...stack], {
          env: { PATH: "/nowhere", XDG_CACHE_HOME: cache },
        });
        expect(output).toMatch(/Go is needed to build the lab's tools: install it/);
        expect(code).toBe(1);
      } finally {
        rmSync(cache, { recursive: true, force: true });
      }
    });
  });
});

describe("a cluster that cannot be reached", () => {
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-kubeconfig-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("is named, with its address, and nothing is waited for", async () => {
    const server = `https://127.0.0.1:${await freePort()}`;
    const kubeconfig = join(dir, "config");
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "local", cluster: { server } }],
        users: [{ name: "local", user: { token: "none" } }],
        contexts: [{ name: "local", context: { cluster: "local", user: "local" } }],
        "current-context": "local",
      }),
    );
    const file = readStackFile(projectDir, "local");
    const mesh = { ...file.mesh, clusters: file.mesh.clusters.map((cluster) => ({ ...cluster, kubeconfig })) };
    const program = programOf({ ...file, config: { "linly-mesh:mesh": JSON.stringify(mesh) } });
    await expect(up(program, { helm: () => Promise.resolve("/nowhere/helm") }, () => undefined)).rejects.toThrow(
      server,
    );
  });
});
