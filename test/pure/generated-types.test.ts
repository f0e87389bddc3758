import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { alternativesOf, choicesOf, independent } from "../../components/istio/generate/choices.ts";
import { istioModuleFolder, kindSchemas, pinnedApiVersion } from "../../components/istio/generate/crds.ts";
import { fileOf, generatedFiles, header, typesOf } from "../../components/istio/generate/files.ts";
import { kinds } from "../../components/istio/generate/kinds.ts";
import { nameParts } from "../../components/istio/generate/name-parts.ts";
import { parseSchema } from "../../components/istio/generate/schema.ts";

const folder = join(projectDir, "components", "istio", "generated");

test("the generated files are of the version that the lab's Istio is built with, one a kind", () => {
  const version = pinnedApiVersion(readFileSync(join(istioModuleFolder(projectDir), "go.mod"), "utf8"));
  const wanted = [...Object.keys(kinds).map(fileOf), "kinds.ts"];
  expect(readdirSync(folder).toSorted()).toEqual(wanted.toSorted());
  for (const file of wanted) expect(readFileSync(join(folder, file), "utf8")).toContain(header(version));
});

test("a go.mod that pins no release is named as such", () => {
  expect(pinnedApiVersion("replace (\n\tistio.io/api => istio.io/api v1.30.0\n)\n")).toBe("v1.30.0");
  expect(() => pinnedApiVersion("require istio.io/api v1.30.0\n")).toThrow("replaces no istio.io/api");
});

test.each([
  ["VirtualService", "virtual-service.ts"],
  ["EnvoyFilter", "envoy-filter.ts"],
  ["Gateway", "gateway.ts"],
])("the types of %s are in %s", (kind, file) => expect(fileOf(kind)).toBe(file));

const text = { type: "string" };

/** The types of a made-up kind, on one line and before they are formatted. */
async function typesFrom(spec: object): Promise<string> {
  const found = { parts: new Map(), scalars: new Map() };
  const types = await typesOf({ kind: "Example", apiVersion: "example/v1", spec: parseSchema(spec) }, found);
  return types.replaceAll(/\s+/g, " ").trim();
}

describe("the types of a field", () => {
  const duration = { ...text, "x-kubernetes-validations": [{ rule: "duration(self) >= duration('1ms')" }] };
  const percentage = { type: "number", minimum: 0, maximum: 100 };
  test.each([
    [{ ...text, description: "Some words.", pattern: "^a$", maxLength: 3 }, "field?: string"],
    [{ ...text, enum: ["A", "B"] }, 'field?: ("A" | "B")'],
    [{ type: "integer", format: "int32", nullable: true }, "field?: number"],
    [{ type: "number", minimum: 1, maximum: 100 }, "field?: number"],
    [{ type: "array", items: text, minItems: 1 }, "field?: string[]"],
    [{ type: "object", additionalProperties: text }, "field?: { [k: string]: string }"],
    [{ type: "object" }, "field?: Record<string, never>"],
    [{ type: "object", "x-kubernetes-preserve-unknown-fields": true }, "field?: FreeForm"],
    [{ type: "object", required: ["a"], properties: { a: text } }, "field?: { a: string }"],
    [duration, "field?: Duration"],
    [percentage, "field?: Percentage"],
  ])("%j: %s", async (field, expected) => {
    expect(await typesFrom({ type: "object", properties: { field } })).toContain(
      `export interface ExampleSpec { ${expected} }`,
    );
  });

  test("an unknown keyword is an error: it may say something of the type", () => {
    expect(() => parseSchema({ type: "object", properties: { field: { ...text, const: "x" } } })).toThrow("const");
  });
});

/** What a CRD writes where at most one of the fields may be there. */
function oneOf(...fields: string[]) {
  const required = fields.map((field) => ({ required: [field] }));
  return [{ not: { anyOf: required } }, ...required];
}

describe("choices", () => {
  const atMostOne = "(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) <= 1";
  test.each([
    [{}, []],
    [{ oneOf: oneOf("a", "b") }, [["a", "b"]]],
    [{ oneOf: oneOf("a") }, []], // no choice
    [
      { allOf: [{ oneOf: oneOf("a", "b") }, { oneOf: oneOf("c", "d") }] },
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [{ "x-kubernetes-validations": [{ rule: atMostOne }] }, [["a", "b"]]],
    [{ "x-kubernetes-validations": [{ rule: `${atMostOne} || has(self.c)` }] }, []], // another rule
  ])("of %j are %j", (schema, choices) => {
    expect(choicesOf(parseSchema({ type: "object", ...schema }))).toEqual(choices);
  });

  test.each([
    [[["a", "b"]], [["a"], ["b"]]],
    [
      [
        ["a", "b"],
        ["b", "c"],
      ],
      [["a", "c"], ["b"]],
    ],
  ])("%j allow %j", (choices, alternatives) => expect(alternativesOf(choices)).toEqual(alternatives));

  test("that share a field belong together", () => {
    const [ab, bc, de] = [
      ["a", "b"],
      ["b", "c"],
      ["d", "e"],
    ];
    expect(independent([ab, de, bc])).toEqual([[de], [ab, bc]]);
  });

  test("make a required field the only way to choose", async () => {
    const required = ["a"];
    expect(
      await typesFrom({ type: "object", required, properties: { a: text, b: text }, oneOf: oneOf("a", "b") }),
    ).toBe("export type ExampleSpec = ({ a: string b?: never } | { a: never b?: string })");
  });

  test("leave the fields that were not chosen out of reach", async () => {
    const properties = { a: text, b: { type: "boolean" }, c: text };
    expect(await typesFrom({ type: "object", required: ["c"], properties, oneOf: oneOf("a", "b") })).toBe(
      "export type ExampleSpec = ({ c: string } & ({ a?: string b?: never } | { a?: never b?: boolean }))",
    );
  });
});

test("a part that looks like a named one refers to it, wherever it stands", () => {
  const port = { type: "object" as const, properties: { number: { type: "number" as const } } };
  const root = { type: "object" as const, properties: { a: port, b: { type: "array" as const, items: port } } };
  const ref = { $ref: "#/$defs/Port" };
  expect(nameParts(root, new Map([["Port", port]]))).toEqual({
    type: "object",
    properties: { a: ref, b: { type: "array", items: ref } },
    $defs: { Port: port },
  });
});

test("a kind or version that the CRDs do not have is named", async () => {
  expect(() => kindSchemas("{}\n")).toThrow();
  expect(() => kindSchemas("")).toThrow("the CRDs have no VirtualService of version v1");
  await expect(generatedFiles("v0", "")).rejects.toThrow("VirtualService");
});
