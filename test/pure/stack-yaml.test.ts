import { describe, expect, test } from "vitest";
import { ConfigError } from "../../config/faults.ts";
import { readYaml } from "../../cli/stack-yaml.ts";

function faultsOf(text: string): string[] {
  try {
    readYaml(text, "s");
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

describe("a stack file is read as Pulumi's CLI reads it", () => {
  test.each<[string, unknown]>([
    ["a: &v { x: 1 }\nb: *v", { a: { x: 1 }, b: { x: 1 } }],
    ["a: &v { x: 1, y: 2 }\nb: { y: 3, <<: *v }", { a: { x: 1, y: 2 }, b: { x: 1, y: 3 } }],
    ["a: &v { x: 1 }\nb: { <<: [*v, { x: 2, z: 3 }] }", { a: { x: 1 }, b: { x: 1, z: 3 } }],
    ["a: 0o10", { a: 8 }],
    ["a: [0, 0.5, -7, 089, '010', 0x10]", { a: [0, 0.5, -7, 89, "010", 16] }],
  ])("%j", (text, value) => {
    expect(readYaml(text, "s")).toEqual(value);
  });

  test("an anchor may be used in many places", () => {
    const uses = Array.from({ length: 101 }, () => "*v").join(", ");
    expect(readYaml(`a: &v x\nb: [${uses}]`, "s")).toMatchObject({ b: expect.arrayContaining(["x"]) });
  });
});

describe("what is no stack file has its line", () => {
  test.each<[string, readonly string[]]>([
    ["a: 1\na: 2", ["line 2: Map keys must be unique"]],
    ["a: &simulator x\nb:\n  c: *simulater", ['line 3: *simulater names nothing above it: did you mean "simulator"?']],
    ["b: *v\na: &v x", ["line 1: *v names nothing above it"]],
    ["a: &m\n  b: *m", ["line 2: *m stands within what it names, which would have no end"]],
    ["a: *x\nb: *y", [expect.stringMatching(/^line 1: \*x /), expect.stringMatching(/^line 2: \*y /)]],
    [
      "a: 010\nb: [-007]",
      [
        "line 1: 010 is read as an octal number by Pulumi's CLI; write it without the zero before it, or as a text in quotes",
        expect.stringMatching(/^line 2: -007 is read as an octal number/),
      ],
    ],
    ["a: { <<: 5 }", [expect.stringMatching(/^: cannot be read: .*[Mm]erge/)]],
  ])("%j", (text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  test("aliases of aliases that come to too much", () => {
    const levels = ["a", "b", "c", "d", "e"].map((name, level, names) => {
      const below = names[level - 1];
      const items = Array.from({ length: 10 }, () => (below === undefined ? "x" : `*${below}`));
      return `${name}: &${name} [${items.join(", ")}]`;
    });
    expect(faultsOf(levels.join("\n"))).toEqual([expect.stringMatching(/^: cannot be read: .*alias/)]);
  });
});
