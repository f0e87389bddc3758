import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { generatedFiles, refreshed } from "../../cli/docs.ts";
import { projectDir } from "../../cli/project.ts";
import { checkMesh } from "../../config/parse.ts";
import { referenceRows, stackJsonSchema } from "../../config/reference.ts";
import { meshSchema } from "../../config/schema.ts";

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

const pages = [
  ...readdirSync(projectDir).filter((file) => file.endsWith(".md")),
  ...readdirSync(join(projectDir, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

test.each(pages)("every link of %s leads to a file", (page) => {
  const text = readFileSync(join(projectDir, page), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target]) => target ?? "");
  const broken = links.filter((target) => !existsSync(join(projectDir, dirname(page), target)));
  expect(broken).toEqual([]);
});

test.each(pages)("what %s shows as YAML is YAML", (page) => {
  const text = readFileSync(join(projectDir, page), "utf8");
  const documents = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => parseAllDocuments(block));
  expect(documents.flatMap(({ errors }) => errors.map(({ message }) => message))).toEqual([]);
});

const mapping = z.record(z.string(), z.unknown());
const stackFile = z.object({ config: z.object({ "linly-mesh:mesh": mapping }) });

/** What a page shows of stack files: each whole one, and each part, laid over the last whole one before it. */
function shownMeshes(page: string): Record<string, unknown>[] {
  const blocks = [...readFileSync(join(projectDir, page), "utf8").matchAll(/```yaml\n([\s\S]*?)```/g)];
  const shown: Record<string, unknown>[] = [];
  let whole: Record<string, unknown> = {};
  for (const [, text = ""] of blocks) {
    const read: unknown = parse(text);
    const file = stackFile.safeParse(read);
    const part = mapping.safeParse(read);
    if (file.success) shown.push((whole = file.data.config["linly-mesh:mesh"]));
    else if (part.success && Object.keys(part.data).every((key) => key in meshSchema.shape)) {
      const parts = { ...mapping.parse(whole["services"]), ...mapping.optional().parse(part.data["services"]) };
      const pipeline = z.array(z.string()).parse(part.data["pipeline"] ?? whole["pipeline"]);
      const running = [...pipeline, part.data["entry"] ?? whole["entry"]];
      const services = Object.fromEntries(Object.entries(parts).filter(([stage]) => running.includes(stage)));
      shown.push({ ...whole, ...part.data, services });
    }
  }
  return shown;
}

test.each([
  ["docs/config.md", 8],
  ["docs/first-up.md", 2],
])("%s shows %i stacks and parts of stacks, each without a fault", (page, count) => {
  const shown = shownMeshes(page);
  expect(shown.length).toBe(count);
  expect(shown.flatMap((mesh) => checkMesh(mesh).faults)).toEqual([]);
});

test("the control: a weight written wrongly in a page would be a fault", () => {
  const [mesh] = shownMeshes("docs/first-up.md");
  const text = JSON.stringify(mesh).replace('"weight":90', '"weight":80');
  expect(checkMesh(JSON.parse(text)).faults.map(({ path }) => path)).toEqual(["services.emotion.versions"]);
});
