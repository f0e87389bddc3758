import { z } from "zod";

const rule = z.looseObject({ rule: z.string() });

/** A choice of fields: at most one of those that the alternatives require, as the CRDs write a oneof of protobuf. */
const choice = z.array(z.looseObject({ required: z.array(z.string()).optional() }));

/**
 * A schema in a CRD, in the keywords that Istio's CRDs use. Any other keyword is an error, so that a new one is looked
 * at before it is lost.
 */
const crdSchema = z.strictObject({
  type: z.enum(["object", "array", "string", "integer", "number", "boolean"]),
  get properties() {
    return z.record(z.string(), crdSchema).optional();
  },
  get additionalProperties() {
    return crdSchema.optional();
  },
  get items() {
    return crdSchema.optional();
  },
  required: z.array(z.string()).optional(),
  enum: z.array(z.string()).optional(),
  oneOf: choice.optional(),
  allOf: z.array(z.strictObject({ oneOf: choice })).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  "x-kubernetes-validations": z.array(rule).optional(),
  "x-kubernetes-preserve-unknown-fields": z.boolean().optional(),
  // Of no use to a type: text, sizes, patterns, how lists merge, and `nullable`, which the program has no use for.
  description: z.unknown().optional(),
  format: z.unknown().optional(),
  pattern: z.unknown().optional(),
  nullable: z.unknown().optional(),
  minItems: z.unknown().optional(),
  maxItems: z.unknown().optional(),
  minLength: z.unknown().optional(),
  maxLength: z.unknown().optional(),
  minProperties: z.unknown().optional(),
  maxProperties: z.unknown().optional(),
  "x-kubernetes-list-type": z.unknown().optional(),
  "x-kubernetes-list-map-keys": z.unknown().optional(),
});

export type CrdSchema = z.output<typeof crdSchema>;

/**
 * The schema of a `spec`.
 *
 * @throws z.ZodError for a schema with keywords that are not known here
 */
export function parseSchema(schema: unknown): CrdSchema {
  return crdSchema.parse(schema);
}
