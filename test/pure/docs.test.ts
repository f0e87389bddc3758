import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { generatedFiles, refreshed } from "../../cli/docs.ts";
import { projectDir } from "../../cli/project.ts";
import { readStackFile } from "../../cli/stack-file.ts";
import { checkMesh } from "../../config/parse.ts";
import { referenceRows, stackJsonSchema } from "../../config/reference.ts";
import { pages, shownMeshes, textOf } from "../support/pages.ts";

test.each(generatedFiles)("%s is what the program writes (npm run docs)", async (file) => {
  const text = readFileSync(join(projectDir, file), "utf8");
  expect(text.length).toBeGreaterThan(1000);
  expect(text).toBe(await refreshed(file));
});

test("every key of a stack file has a meaning", () => {
  expect(referenceRows().length).toBeGreaterThan(50);
  expect(referenceRows().filter(({ meaning }) => meaning === "")).toEqual([]);
});

describe("the schema for editors", () => {
  const schema = z.fromJSONSchema(z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(stackJsonSchema()))));
  const text = readFileSync(join(projectDir, "stacks/Pulumi.prod.yaml"), "utf8");

  test.each(["local", "dev", "staging", "prod"])("takes the stack file of %s", (stack) => {
    const file: unknown = parse(readFileSync(join(projectDir, `stacks/Pulumi.${stack}.yaml`), "utf8"));
    expect(schema.safeParse(file).error).toBeUndefined();
  });

  test("the control: it refuses a key that there is not", () => {
    expect(schema.safeParse(parse(text.replace("replicas:", "replica:"))).success).toBe(false);
  });
});

test.each(pages)("every link of %s leads to a file", (page) => {
  const text = textOf(page);
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target]) => target ?? "");
  const broken = links.filter((target) => !existsSync(join(projectDir, dirname(page), target)));
  expect(broken).toEqual([]);
});

test("each design note is linked from CONTRIBUTING.md", () => {
  const notes = pages.filter((page) => page.startsWith("docs/design/"));
  expect(notes.length).toBeGreaterThan(5);
  expect(notes.filter((note) => !textOf("CONTRIBUTING.md").includes(`](${note})`))).toEqual([]);
});

test("README.md and README.zh-CN.md lead to the same pages", () => {
  const linkedBy = (page: string) =>
    new Set([...textOf(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = ""]) => target));
  const [english, chinese] = [linkedBy("README.md"), linkedBy("README.zh-CN.md")];
  expect(english.size).toBeGreaterThan(40);
  expect(chinese.delete("README.md")).toBe(true);
  expect(english.delete("README.zh-CN.md")).toBe(true);
  expect([...chinese].sort()).toEqual([...english].sort());
});

test.each(pages)("what %s shows as YAML is YAML", (page) => {
  const text = textOf(page);
  const documents = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => parseAllDocuments(block));
  expect(documents.flatMap(({ errors }) => errors.map(({ message }) => message))).toEqual([]);
});

const meshOf = (stack: string): Record<string, unknown> => ({ ...readStackFile(projectDir, stack).mesh });
const [usual] = shownMeshes(textOf("docs/config.md"));

/** Pages, how many stacks and parts of stacks each shows, and what their parts are laid over. */
const shown: [page: string, count: number, base: Record<string, unknown> | undefined][] = [
  ["docs/config.md", 8, undefined],
  ["docs/first-up.md", 2, undefined],
  ["docs/addons.md", 4, usual],
  ["docs/authorization.md", 1, usual],
  ["docs/canary.md", 2, usual],
  ["docs/circuit-breaking.md", 1, usual],
  ["docs/egress.md", 1, usual],
  ["docs/ingress-tls.md", 1, usual],
  ["docs/layer4.md", 1, meshOf("prod")],
  ["docs/load-balancing.md", 1, usual],
  ["docs/low-overhead.md", 1, usual],
  ["docs/mirroring.md", 1, usual],
  ["docs/multicluster.md", 1, usual],
  ["docs/observability.md", 1, usual],
  ["docs/overload.md", 1, usual],
  ["docs/pipeline.md", 1, meshOf("local")],
  ["docs/retries.md", 1, usual],
  ["docs/secrets.md", 1, usual],
  ["docs/services.md", 2, usual],
  ["docs/streaming.md", 1, usual],
  ["docs/trust.md", 1, usual],
  ["docs/users.md", 1, usual],
];

test.each(shown)("%s shows %i stacks and parts of stacks, each without a fault", (page, count, base) => {
  const meshes = shownMeshes(textOf(page), base);
  expect(meshes.length).toBe(count);
  expect(meshes.flatMap((mesh) => checkMesh(mesh).faults)).toEqual([]);
});

test("the control: a weight written wrongly in a page would be a fault", () => {
  const [mesh] = shownMeshes(textOf("docs/first-up.md"));
  const text = JSON.stringify(mesh).replace('"weight":90', '"weight":80');
  expect(checkMesh(JSON.parse(text)).faults.map(({ path }) => path)).toEqual(["services.emotion.versions"]);
});
