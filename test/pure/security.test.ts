import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";

const page = readFileSync(join(projectDir, "SECURITY.md"), "utf8");
const section = page.split(/^## /m).find((part) => part.startsWith("Promises")) ?? "";
const promises = [...section.matchAll(/^\| (?!promise |-)(.+?) +\| `(test\/[\w/.-]+\.test\.ts)`: (.+?) +\|$/gm)].map(
  ([, promise = "", file = "", name = ""]) => ({ promise, file, name }),
);

/** The names of tests and of their groups in a file, as they are written there. */
function namesIn(file: string): string[] {
  const path = join(projectDir, file);
  if (!existsSync(path)) return [];
  // A table of cases comes between the call and the name, whose closing bracket stands first in its line or before the name.
  const text = readFileSync(path, "utf8");
  const calls =
    /(?:\b(?:test|testOnLab|longTest|describe|describeOnLab)(?:\.\w+)*\(|\]\)\(|\)\()\s*(["`])((?:(?!\1).)+)\1/gs;
  return [...text.matchAll(calls)].map(([, , name = ""]) => name);
}

test("every line of the table of promises has a promise and a test", () => {
  const lines = section.split("\n").filter((line) => /^\| (?!promise |-)/.test(line));
  expect(promises.length).toBeGreaterThan(15);
  expect(lines.length).toBe(promises.length);
  expect(new Set(promises.map(({ promise }) => promise)).size).toBe(promises.length);
});

test.each(promises)("$promise: $file has that test", ({ file, name }) => {
  expect(namesIn(file)).toContain(name);
});

test("the control: a test that is not there is missed, and a word of another line is no name", () => {
  const here = namesIn("test/pure/security.test.ts");
  expect(here).toContain("$promise: $file has that test");
  expect(here).not.toContain("a test that is not there");
  expect(namesIn("test/pure/nowhere.test.ts")).toEqual([]);
});
