import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { generatedIn, refreshed } from "../../cli/docs.ts";
import { projectDir } from "../../cli/project.ts";

test.each(generatedIn)("the diagrams of %s are those that the program draws (npm run docs)", (file) => {
  const text = readFileSync(join(projectDir, file), "utf8");
  expect(text).toContain("```mermaid");
  expect(text).toBe(refreshed(file));
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
