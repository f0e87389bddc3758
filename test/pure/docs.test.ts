import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { generatedFiles, refreshed } from "../../cli/docs.ts";
import { projectDir } from "../../cli/project.ts";
import { referenceRows } from "../../config/reference.ts";

test.each(generatedFiles)("%s is what the program writes (npm run docs)", async (file) => {
  const text = readFileSync(join(projectDir, file), "utf8");
  expect(text.length).toBeGreaterThan(1000);
  expect(text).toBe(await refreshed(file));
});

test("every key of a stack file has a meaning", () => {
  expect(referenceRows().length).toBeGreaterThan(50);
  expect(referenceRows().filter(({ meaning }) => meaning === "")).toEqual([]);
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
