import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { projectDir } from "../../cli/project.ts";
import { ended } from "../support/command.ts";

/*
 * The scripts of .github/actions/up as a runner runs them: in a clone of a repository whose main branch may have moved
 * on, with a `pulumi` that tells what it was given.
 */
const folder = mkdtempSync(join(tmpdir(), "linly-mesh-deploy-"));
const [origin, clone, bin] = [join(folder, "origin"), join(folder, "clone"), join(folder, "bin")];
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(file: string): unknown {
  return parse(readFileSync(join(projectDir, ".github", file), "utf8"));
}

const action = z.object({ runs: z.object({ steps: z.array(z.looseObject({ run: z.string().optional() })) }) });
const { steps } = action.parse(read("actions/up/action.yml")).runs;
const [newest = "", up = ""] = steps.flatMap(({ run }) => run ?? []);

const output = join(folder, "output");

const nobody = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
const author = ["-c", "user.name=x", "-c", "user.email=x@example.com"];

function git(dir: string, ...args: string[]): void {
  execFileSync("git", ["-C", dir, ...author, ...args], { env: { ...process.env, ...nobody }, stdio: "ignore" });
}

/** Commits files of these contents to the main branch of the repository that was cloned. */
function push(files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(origin, file, ".."), { recursive: true });
    writeFileSync(join(origin, file), text);
  }
  git(origin, "add", "--all");
  git(origin, "commit", "--message", "change");
}

function run(script: string, env: Record<string, string>) {
  const all = {
    ...process.env,
    ...nobody,
    ...env,
    PATH: `${bin}:${process.env["PATH"]}`,
    RUNNER_TEMP: folder,
    GITHUB_OUTPUT: output,
  };
  return ended("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", `cd '${clone}'\n${script}`], all);
}

beforeAll(() => {
  mkdirSync(origin);
  git(origin, "init", "--initial-branch", "main");
  cpSync(join(projectDir, "scripts/touched-stacks.js"), join(origin, "scripts/touched-stacks.js"));
  push({ "package.json": '{ "type": "module" }', "stacks/Pulumi.dev.yaml": "{}", "stacks/Pulumi.prod.yaml": "{}" });
  git(folder, "clone", origin, clone);
  mkdirSync(bin);
  writeFileSync(
    join(bin, "pulumi"),
    'echo "$*"; echo "passphrase ${PULUMI_CONFIG_PASSPHRASE-none}"; stat --format %a "$KUBECONFIG"; cat "$KUBECONFIG"\n',
  );
  chmodSync(join(bin, "pulumi"), 0o755);
});

/** What the scripts that ran since the last time gave as outputs. */
function takeOutput(): string {
  const told = readFileSync(output, "utf8");
  writeFileSync(output, "");
  return told;
}

beforeEach(() => writeFileSync(output, ""));

describe("whether a run is still to bring its stack", () => {
  async function outdated(stack: string): Promise<string> {
    git(clone, "fetch", "origin");
    const { code, stderr, stdout } = await run(newest, { STACK: stack });
    expect(code, stderr).toBe(0);
    const told = takeOutput();
    expect(stdout.includes(`::notice::${stack} is left to the run of `)).toBe(told !== "");
    return told;
  }

  test("yes while main is at its commit, or has moved on in what touches no stack or others; then no", async () => {
    expect(await outdated("prod")).toBe("");
    push({ "docs/x.md": "x" });
    expect(await outdated("prod")).toBe("");
    push({ "stacks/Pulumi.dev.yaml": "{ config: {} }" });
    expect(await outdated("prod")).toBe("");
    expect(await outdated("dev")).toBe("outdated=true\n");
    push({ "index.ts": "" });
    expect(await outdated("prod")).toBe("outdated=true\n");
  });

  test("a main branch that can't be read fails the run", async () => {
    git(clone, "update-ref", "-d", "refs/remotes/origin/main");
    const { code } = await run(newest, { STACK: "prod" });
    expect(code).not.toBe(0);
  });
});

test.each([
  ["opens secrets with the passphrase that is there", "correct horse", "correct horse"],
  ["has none where there is none", "", "none"],
])("pulumi up %s; the kubeconfig is its owner's alone, and goes", async (_, passphrase, told) => {
  const env = { STACK: "prod", PULUMI_CONFIG_PASSPHRASE: passphrase, KUBECONFIG_CONTENT: "of the cluster" };
  const { code, stdout } = await run(up, env);
  expect(code).toBe(0);
  expect(takeOutput()).toBe("done=true\n");
  expect(stdout.split("\n")).toEqual([
    "up --refresh --stack prod --policy-pack policies --yes --non-interactive --color never",
    `passphrase ${told}`,
    "600",
    "of the cluster",
  ]);
  expect(existsSync(join(folder, "kubeconfig"))).toBe(false);
});

test("a pulumi up that fails has done nothing", async () => {
  const { code } = await run(`pulumi() { return 3; }\n${up}`, { STACK: "prod", PULUMI_CONFIG_PASSPHRASE: "" });
  expect(code).toBe(3);
  expect(takeOutput()).toBe("");
});

describe("one run over all environments", () => {
  const job = z.looseObject({ environment: z.string().optional(), if: z.string().optional() });
  const { jobs } = z.object({ jobs: z.record(z.string(), job) }).parse(read("workflows/deploy.yml"));

  /** The stacks that a run at the clone's commit brings, by what each job asks of those before it. */
  async function brought(): Promise<string[]> {
    git(clone, "fetch", "origin");
    const done: string[] = [];
    for (const { environment: stack, if: condition } of Object.values(jobs)) {
      const [, needed] = /^needs\.(\w+)\.outputs\.done == 'true'$/.exec(condition ?? "") ?? [];
      if (stack === undefined || (needed !== undefined && !done.includes(needed))) continue;
      await run(newest, { STACK: stack });
      if (takeOutput() === "outdated=true\n") continue;
      await run(up, { STACK: stack, PULUMI_CONFIG_PASSPHRASE: "", KUBECONFIG_CONTENT: "" });
      if (takeOutput() === "done=true\n") done.push(stack);
    }
    return done;
  }

  test("brings them all, or ends where one is left to a newer run: no stack gets what the one before it never ran", async () => {
    push({ "index.ts": "// a", "stacks/Pulumi.staging.yaml": "{}" });
    git(clone, "pull", "origin", "main");
    expect(await brought()).toEqual(["dev", "staging", "prod"]);
    push({ "stacks/Pulumi.staging.yaml": "{ config: {} }" });
    expect(await brought()).toEqual(["dev"]);
    push({ "stacks/Pulumi.dev.yaml": "{}" });
    expect(await brought()).toEqual([]);
  });
});
