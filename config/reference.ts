import { z } from "zod";
import { isMapping } from "./mapping.ts";
import { meshSchema } from "./schema.ts";

/** The part of a JSON Schema that the reference reads. */
interface Node {
  readonly type?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Node | undefined;
  readonly additionalProperties?: Node | boolean | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
  /** What may never stand there has `not: {}`. */
  readonly not?: unknown;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z
    .object({
      type: z.string(),
      title: z.string(),
      description: z.string(),
      default: z.unknown(),
      enum: z.array(z.unknown()),
      const: z.unknown(),
      properties: z.record(z.string(), node),
      required: z.array(z.string()),
      items: node,
      additionalProperties: z.union([z.boolean(), node]),
      anyOf: z.array(node),
      oneOf: z.array(node),
      not: z.unknown(),
    })
    .partial(),
);

/** One key of the stack file, as the reference tells it. */
export interface ReferenceRow {
  /** `services.<stage>.versions[].weight`. */
  readonly key: string;
  /** What may stand there. */
  readonly value: string;
  readonly default: string;
  readonly meaning: string;
}

/** What a stack file may say, as a JSON Schema for editors: the whole file, of which the mesh is one key. */
export function stackJsonSchema(): object {
  // References to definitions start at the root of the file: that is where they have to be.
  const { $schema, $defs, ...mesh } = z.toJSONSchema(meshSchema, { io: "input", unrepresentable: "any" });
  const sealed = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"] };
  return {
    $schema,
    title: "A stack file of linly-mesh",
    type: "object",
    properties: {
      encryptionsalt: { type: "string" },
      config: {
        type: "object",
        properties: {
          "linly-mesh:mesh": mesh,
          "linly-mesh:secrets": { type: "object", additionalProperties: sealed },
        },
        required: ["linly-mesh:mesh"],
      },
    },
    required: ["config"],
    $defs,
  };
}

/** Every key under `linly-mesh:mesh`, in the order of the schema. */
export function referenceRows(): ReferenceRow[] {
  const schema = node.parse(z.toJSONSchema(meshSchema, { io: "input", unrepresentable: "any" }));
  // A key that several forms of a mapping have is told once, by the first that says what it means, with the values of all.
  return [...Map.groupBy(membersOf(schema, ""), ({ key }) => key).values()].flatMap((forms) => {
    const told = forms.find(({ meaning }) => meaning !== "") ?? forms[0];
    if (told === undefined) return [];
    return [{ ...told, value: [...new Set(forms.map(({ value }) => value))].join(" or ") }];
  });
}

function membersOf(schema: Node, key: string): ReferenceRow[] {
  const possible = Object.entries(schema.properties ?? {}).filter(([, child]) => child.not === undefined);
  const own = possible.flatMap(([name, child]) => {
    const path = key === "" ? name : `${key}.${name}`;
    return [rowOf(path, child, schema.required?.includes(name) ?? false), ...membersOf(child, path)];
  });
  const { items, additionalProperties } = schema;
  return [
    ...own,
    ...(items === undefined ? [] : membersOf(items, `${key}[]`)),
    ...(typeof additionalProperties === "object" ? membersOf(additionalProperties, `${key}.<name>`) : []),
    ...(schema.anyOf ?? schema.oneOf ?? []).flatMap((choice) => membersOf(choice, key)),
  ];
}

function rowOf(key: string, schema: Node, required: boolean): ReferenceRow {
  const text = schema.default === undefined || isEmptyMapping(schema.default) ? "" : JSON.stringify(schema.default);
  return { key, value: valueOf(schema), default: required ? "required" : text, meaning: schema.description ?? "" };
}

/** What is left out and what is written as `{}` are the same: its keys have the defaults. */
function isEmptyMapping(value: unknown): boolean {
  return isMapping(value) && Object.keys(value).length === 0;
}

function valueOf(schema: Node): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(valueOf))].join(" or ");
  if (schema.items !== undefined) return `a list: ${valueOf(schema.items)}`;
  if (schema.properties !== undefined) return `{ ${Object.keys(schema.properties).join(", ")} }`;
  if (typeof schema.additionalProperties === "object") return "a mapping";
  return words[schema.type ?? ""] ?? "anything";
}

const words: Readonly<Record<string, string>> = {
  string: "a text",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  object: "a mapping",
  array: "a list",
};
