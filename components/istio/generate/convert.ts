import type { JSONSchema } from "json-schema-to-typescript";
import { alternativesOf, choicesOf, independent } from "./choices.ts";
import type { CrdSchema } from "./schema.ts";
import { tightened, type ScalarName } from "./tightened.ts";

/** What a conversion meets on its way: each part by its path, and the narrower types that it used. */
export interface Found {
  readonly parts: Map<string, JSONSchema>;
  readonly scalars: Map<string, ScalarName>;
}

/** JSON Schema from which the types of a part of a resource can be made; unknown fields are no part of any object. */
export function convert(schema: CrdSchema, path: string, found: Found): JSONSchema {
  const scalar = scalarOf(schema, path);
  if (scalar !== undefined) found.scalars.set(path, scalar);
  const converted = scalar === undefined ? plain(schema, path, found) : { tsType: scalar };
  found.parts.set(path, converted);
  return converted;
}

function scalarOf(schema: CrdSchema, path: string): ScalarName | undefined {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return "FreeForm";
  if (schema["x-kubernetes-validations"]?.some(({ rule }) => rule.startsWith("duration(self)"))) return "Duration";
  if (schema.type === "number" && schema.minimum === 0 && schema.maximum === 100) return "Percentage";
  return tightened.find(([end]) => path.endsWith(end))?.[1];
}

function plain(schema: CrdSchema, path: string, found: Found): JSONSchema {
  switch (schema.type) {
    case "object":
      return object(schema, path, found);
    case "array":
      if (schema.items === undefined) throw new RangeError(`${path} is an array of nothing`);
      return { type: "array", items: convert(schema.items, `${path}[]`, found) };
    case "string":
      return schema.enum === undefined ? { type: "string" } : { type: "string", enum: schema.enum };
    case "integer":
    case "number":
      return { type: "number" };
    case "boolean":
      return { type: "boolean" };
  }
}

function object(schema: CrdSchema, path: string, found: Found): JSONSchema {
  if (schema.additionalProperties !== undefined)
    return { type: "object", additionalProperties: convert(schema.additionalProperties, `${path}.*`, found) };
  if (schema.properties === undefined) return { tsType: "Record<string, never>" };
  const fields = Object.entries(schema.properties).map<Field>(([name, field]) => [
    name,
    convert(field, `${path}.${name}`, found),
  ]);
  const groups = independent(choicesOf(schema));
  const chosen = new Set(groups.flat(2));
  const others = fields.filter(([name]) => !chosen.has(name));
  const common = others.length > 0 || groups.length === 0 ? [closed(others, schema.required)] : [];
  const parts = [...common, ...groups.map((choices) => alternatives(fields, schema.required, choices))];
  const [only = {}, ...more] = parts;
  return more.length === 0 ? only : { allOf: parts };
}

type Field = readonly [name: string, schema: JSONSchema];
type RequiredNames = readonly string[] | undefined;

/** The fields of choices, once for each way to choose; the others of that choice are out of reach there. */
function alternatives(fields: readonly Field[], required: RequiredNames, choices: readonly string[][]): JSONSchema {
  const own = fields.filter(([name]) => choices.flat().includes(name));
  const anyOf = alternativesOf(choices).map((allowed) =>
    closed(
      own.map(([name, field]) => [name, allowed.includes(name) ? field : { tsType: "never" }]),
      required,
    ),
  );
  return { anyOf };
}

/** An object of these fields and no others; of the names that are required, those among them. */
function closed(fields: readonly Field[], required: RequiredNames): JSONSchema {
  const own = required?.filter((name) => fields.some(([field]) => field === name)) ?? [];
  return {
    type: "object",
    properties: Object.fromEntries(fields),
    ...(own.length > 0 && { required: own }),
    additionalProperties: false,
  };
}
