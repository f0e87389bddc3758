import type { JSONSchema } from "json-schema-to-typescript";

/** A schema in which each part that looks like a named one refers to it; the named ones are its `$defs`. */
export function nameParts(root: JSONSchema, named: ReadonlyMap<string, JSONSchema>): JSONSchema {
  const byShape = new Map([...named].map(([name, part]) => [JSON.stringify(part), name]));

  function refer(part: JSONSchema): JSONSchema {
    const name = byShape.get(JSON.stringify(part));
    return name === undefined ? inside(part) : { $ref: `#/$defs/${name}` };
  }

  function inside(part: JSONSchema): JSONSchema {
    const { properties, items, additionalProperties, allOf, anyOf } = part;
    return {
      ...part,
      ...(properties !== undefined && { properties: mapValues(properties, refer) }),
      ...(items !== undefined && !Array.isArray(items) && { items: refer(items) }),
      ...(typeof additionalProperties === "object" && { additionalProperties: refer(additionalProperties) }),
      ...(allOf !== undefined && { allOf: allOf.map(refer) }),
      ...(anyOf !== undefined && { anyOf: anyOf.map(refer) }),
    };
  }

  const $defs = Object.fromEntries([...named].map(([name, part]) => [name, inside(part)]));
  return { ...inside(root), $defs };
}

function mapValues<Value>(record: Record<string, Value>, change: (value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
