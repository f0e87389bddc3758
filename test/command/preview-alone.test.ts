import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { stacksOf } from "../../cli/stack-file.ts";
import { ended, linlyMesh, type Ended } from "../support/command.ts";

const home = mkdtempSync(join(tmpdir(), "linly-mesh-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Runs a command that has neither a network, nor a kubeconfig, nor anything else of its user's. */
function alone(command: readonly string[]): Promise<Ended> {
  // Without root, a user namespace gives the right to make the network namespace. Engine and program speak over loopback.
  const own = process.getuid?.() === 0 ? ["--net"] : ["--net", "--map-root-user"];
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const env = { HOME: home, PATH, XDG_CACHE_HOME: join(home, "cache"), NODE_COMPILE_CACHE };
  return ended("unshare", [...own, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...command], env);
}

test("the control: what runs alone reaches nothing outside", async () => {
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  try {
    const connect = `require("net").connect(${address.port}, "127.0.0.1").on("connect", function () { this.end(); })`;
    expect((await ended(process.execPath, ["--eval", connect])).code).toBe(0);
    const cutOff = await alone([process.execPath, "--eval", connect]);
    expect(cutOff.stderr).toContain("ECONNREFUSED");
  } finally {
    server.close();
  }
});

const sections = new Map<string, Ended>();

beforeAll(async () => {
  const base = join(home, "base.json");
  const gone = { kind: "object", title: "Service linly/gone", cluster: "somewhere", inputs: {} };
  writeFileSync(base, JSON.stringify({ steps: [gone] }));
  const previews = stacksOf(projectDir).map(async (stack) => {
    sections.set(stack, await alone(linlyMesh("preview", stack, "--markdown", "--strict", "--against", base)));
  });
  await Promise.all(previews);
  rmSync(base);
});

function sectionOf(stack: string): Ended {
  const section = sections.get(stack);
  if (section === undefined) throw new Error(`${stack} was not previewed`);
  return section;
}

describe.each(stacksOf(projectDir))("stack %s, alone", (stack) => {
  test("is previewed: what changes, and the mesh", () => {
    const section = sectionOf(stack);
    expect(section.stdout, section.stderr).toMatch(
      new RegExp(`^### ${stack}\n\n\\*\\*\\d+ added, 0 changed, 1 removed\\*\\*, 0 unchanged\\.\n`),
    );
    expect(section.stdout).toMatch(/```diff\n- Service linly\/gone.*\n(\+ .*\n)*\+ Service linly\/llm-service.*\n/);
    expect(section.stdout).toContain("```mermaid\nflowchart LR\n");
  });

  test("violates no policy but that which asks for digests, and that one never as mandatory", () => {
    const { stdout } = sectionOf(stack);
    const kept = stdout.includes("\n✅ Every policy is kept.\n");
    expect(kept || /\n⚠️ Policies: 0 mandatory and \d+ advisory violations\.\n/.test(stdout), stdout).toBe(true);
    const violated = [...stdout.matchAll(/^[-!] ([a-z0-9-]+) \((?:mandatory|advisory)\): /gm)].map(
      ([, policy]) => policy,
    );
    expect(violated.filter((policy) => policy !== "images-by-digest")).toEqual([]);
    expect(violated.length > 0).toBe(!kept);
  });

  test("has its charts named as not rendered, and --strict makes that a failure", () => {
    const section = sectionOf(stack);
    expect(section.stdout).toMatch(/⚠️ \d+ charts not rendered; .*\n\n```text\n(.*\n)*istio-system\/istiod: /);
    expect(section.stderr).toContain(`${stack}: istio-system/istiod is not rendered: `);
    expect(section.code).toBe(1);
    expect(readdirSync(home), "nothing is written into the home of its user").toEqual([]);
  });
});

test("a chart that can't be rendered is a warning without --strict, nor is a kubeconfig needed or a tool on the path", async () => {
  const dir = join(home, "rendered");
  const nothing = ["env", "PATH=/nowhere", "KUBECONFIG=/nowhere"];
  const { code, stdout } = await alone([...nothing, ...linlyMesh("preview", "prod", "--render", dir)]);
  rmSync(dir, { recursive: true });
  expect(stdout).toContain("+ beijing: VirtualService linly/llm-service  to apply");
  expect(stdout).toContain("warning: istio-system/istiod is not rendered: there is no helm to render it with");
  expect(code).toBe(0);
});

test.each<[string, string[], RegExp]>([
  ["a plan that is not there", ["--against", "/nowhere/plan.json"], /\/nowhere\/plan\.json has 1 problem:\n.*ENOENT/],
  [
    "a file that is no plan",
    ["--against", join(projectDir, "package.json")],
    /is no plan of linly-mesh preview --json/,
  ],
  ["output that is not there", ["--cli-output", "/nowhere/x"], /\/nowhere\/x has 1 problem:\n.*can't be read/],
])("%s is bad input, shown in the section as well", async (_, args, message) => {
  const { code, stdout, stderr } = await ended(...spread(linlyMesh("preview", "prod", ...args)));
  expect(stderr).toMatch(message);
  expect(stdout).toMatch(message);
  expect(stdout).toContain("### prod\n\n❌ The preview failed.");
  expect(code).toBe(2);
});

function spread([command, ...args]: readonly [string, ...string[]]): [string, string[]] {
  return [command, args];
}

test("help and bad input load neither the engine nor the lab", async () => {
  const loaded = join(home, "loaded");
  const hook = `
    const { registerHooks } = require("node:module");
    const { appendFileSync } = require("node:fs");
    registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(loaded)}, url + "\\n"); return next(url, context); } });`;
  const file = join(home, "hook.cjs");
  writeFileSync(file, hook);
  for (const args of [["--help"], ["preview", "prdo"], ["up", "prod"]]) {
    await ended(...spread(linlyMesh(...args)), { ...process.env, NODE_OPTIONS: `--require ${file}` });
  }
  const modules = readFileSync(loaded, "utf8");
  expect(modules, "the control").toContain("/cli/main.ts");
  expect(modules).toContain("/cli/stack-file.ts");
  expect(modules).not.toMatch(/\/engine\/(?!errors|json|program\/values)|\/lab\/lab\.ts|@kubernetes|@grpc|@pulumi/);
});
