import { expect, test } from "vitest";
import { touchedStacks } from "../../scripts/touched-stacks.js";

const stacks = ["dev", "local", "prod"];

test.each([
  ["a stack's own file", ["stacks/Pulumi.prod.yaml"], ["prod"]],
  ["two stack files", ["stacks/Pulumi.prod.yaml", "stacks/Pulumi.dev.yaml"], ["dev", "prod"]],
  ["a stack file that is gone", ["stacks/Pulumi.old.yaml"], []],
  ["the program", ["index.ts"], stacks],
  ["a component", ["components/traffic/canary.ts"], stacks],
  ["the schema, and documents", ["config/schema.ts", "docs/config.md"], stacks],
  ["the catalogue", ["services/catalogue.ts"], stacks],
  ["a policy", ["policies/rules/weights.ts"], stacks],
  ["a dependency", ["package-lock.json"], stacks],
  ["the engine, which makes the preview", ["engine/preview.ts"], stacks],
  ["what nobody has thought of", ["Makefile"], stacks],
  ["documents", ["docs/canary.md", "README.md", "README.zh-CN.md", "CHANGELOG.md"], []],
  ["tests, benchmarks, the lab", ["test/pure/weights.test.ts", "bench/run.ts", "lab/lab.ts"], []],
  ["workflows", [".github/workflows/ci.yml", ".ci/run"], []],
  ["a document inside the program", ["components/notes.md"], stacks],
  ["nothing", [], []],
])("%s", (_, changed, touched) => {
  expect(touchedStacks(changed, stacks)).toEqual(touched);
});
