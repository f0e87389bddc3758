import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { EngineFaults, preview, render } from "../../engine/index.ts";
import type { Event, Plan, Program } from "../../engine/index.ts";
import { stepTitled } from "../support/plan.ts";

const password = "correct-horse-battery";
const fixtures = new URL("fixtures/", import.meta.url).pathname;

function program(fixture: string, config: Record<string, string> = {}): Program {
  return {
    dir: join(fixtures, fixture),
    project: "p",
    stack: "s",
    config: { "p:token": password, ...config },
    secretKeys: ["p:token", "p:password"],
  };
}

/** What a preview found wrong. */
async function faultsOf(wanted: Program): Promise<string[]> {
  const outcome = await preview(wanted, () => {}).catch((error: unknown) => error);
  return outcome instanceof EngineFaults ? outcome.faults : [];
}

describe("a program with components, an explicit provider, outputs between resources and a secret", () => {
  const events: Event[] = [];
  let plan: Plan;

  beforeAll(async () => {
    plan = await preview(program("small"), (event) => events.push(event));
  });

  test("gives each resource the URN that Pulumi would", () => {
    expect(plan.steps.map(({ urn }) => urn)).toEqual([
      "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s",
      "urn:pulumi:s::p::pulumi:providers:kubernetes::main",
      "urn:pulumi:s::p::fixture:index:Service::asr",
      "urn:pulumi:s::p::kubernetes:core/v1:Namespace::namespace",
      "urn:pulumi:s::p::kubernetes:core/v1:Secret::token",
      "urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::address",
      "urn:pulumi:s::p::fixture:index:Service$kubernetes:core/v1:Service::asr-service",
    ]);
  });

  test("lets outputs flow: an input is known where it comes from another's input", () => {
    const { inputs, cluster } = stepTitled(plan, "ConfigMap linly/address");
    expect(inputs["data"]).toEqual({ name: "asr", address: "[unknown]" });
    expect(cluster).toBe("main");
  });

  test("keeps unknown what only a cluster could tell", () => {
    expect(plan.outputs).toEqual({ name: "linly", address: "[unknown]", hidden: "[secret]" });
  });

  test("shows the secret nowhere: not in the plan, not in what the program prints, not in the manifests", async () => {
    const dir = await mkdtemp(join(tmpdir(), "linly-mesh-render-"));
    try {
      const { files, notRendered } = await render(plan, dir, {});
      expect(notRendered).toEqual([]);
      expect(files).toEqual([
        "main/001-namespace-linly.yaml",
        "main/002-secret-linly-token.yaml",
        "main/003-configmap-linly-address.yaml",
        "main/004-service-linly-asr.yaml",
      ]);
      const texts = await Promise.all(files.map((file) => readFile(join(dir, file), "utf8")));
      const shown = [JSON.stringify(plan), JSON.stringify(events), ...texts].join("\n");
      expect(shown).not.toContain(password);
      expect(shown).toContain("the token is [secret]");
      expect(texts[1]).toContain('token: "[secret]"');
      await render({ ...plan, steps: plan.steps.slice(0, 4) }, dir, {});
      expect(await readdir(join(dir, "main")), "files of an earlier rendering are gone").toEqual([
        "001-namespace-linly.yaml",
      ]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

test("every type, option and property that is not implemented is named, all at once", async () => {
  const map = "(kubernetes:core/v1:ConfigMap)";
  const release = "(kubernetes:helm.sh/v3:Release)";
  expect(await faultsOf(program("faults"))).toEqual([
    `again ${map}: duplicate resource URN urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::again; give each of them a name of its own`,
    `annotated ${map}: annotation pulumi.com/replaceUnready is not implemented`,
    "bucket (cloud:storage:Bucket): this type is not implemented",
    "chart (kubernetes:helm.sh/v4:Chart): this type is not implemented",
    "client-side (pulumi:providers:kubernetes): enableServerSideApply is false; the engine only applies server-side",
    "cluster-name (pulumi:providers:kubernetes): property namespace is not implemented",
    `imported ${map}: option import is not implemented`,
    `misread ${map}: pulumi.com/waitFor is "Ready", which is none of jsonpath={.a.b}, jsonpath={.a.b}=value, condition=Type, condition=Type=value, or a JSON array of these`,
    `no-name ${map}: has no metadata.name; names are never made up, give it one`,
    `no-provider ${map}: has no provider; pass one in its options or its parent's`,
    `no-release-name ${release}: has no name; names are never made up, give it one`,
    "patched (kubernetes:core/v1:ConfigMapPatch): annotation pulumi.com/waitFor is not implemented",
    `release ${release}: property devel is not implemented`,
    `release ${release}: property postrender is not implemented`,
    `slices ${map}: JSONPath .a[1:2] is not implemented; there are names, [0], [*] and [?(@.name=="value")]`,
    `soon ${map}: customTimeouts.create is "in a minute"; write it as 90s, 10m or 1h30m`,
    expect.stringMatching(/^(one|two) .* is the same ConfigMap linly\/same as (one|two) /),
    `with ${map}: option deletedWith is not implemented`,
  ]);
});

test.concurrent.each([
  ["fault", [/^stacks\/Pulumi\.x\.yaml has 1 problem$/]],
  ["leak", [/^Error: can't log in with \[secret\]\n +at .*endings\/index\.ts:\d+:\d+$/]],
  ["exit", [/^the program ended with exit code \d before it had finished$/]],
  ["invoke", [/^the function kubernetes:helm:template is not implemented$/]],
  ["transform", [/^a transform of the whole stack is not implemented$/]],
])("a program that ends by %s is reported once", async (how, messages) => {
  const faults = await faultsOf(program("endings", { "p:how": how, "p:password": password }));
  expect(faults).toEqual(messages.map((message) => expect.stringMatching(message)));
});
