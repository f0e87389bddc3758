import { z } from "zod";

/** A scalar of the stack file: what it must look like, and an example of what would be right. */
function text(pattern: RegExp, expected: string) {
  const error = `is not ${expected}`;
  return z.string({ error }).regex(pattern, { error });
}

const label = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";

/** A DNS-1123 label of at most `max` characters. */
export function dnsLabel(max = 63) {
  return text(
    new RegExp(`^(?=.{1,${max}}$)${label}$`),
    `a name of at most ${max} lower-case letters, digits and "-", beginning and ending with a letter or digit`,
  );
}

/** A host name with an optional leading wildcard, or `*`. */
export const hostname = text(
  new RegExp(`^(?:\\*|(?:\\*\\.)?(?=.{1,253}$)${label}(?:\\.${label})*)$`),
  'a host name such as "talk.example.com", "*.example.com" or "*"',
);

export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

/** A length of time as Istio and Envoy read it: `250ms`, `1.5s`, `10m`. */
export const duration = z.templateLiteral([z.number().nonnegative(), z.enum(["ms", "s", "m", "h"])], {
  error: 'is not a duration such as "250ms", "2s" or "5m"',
});

const cpuExpected = 'is not a CPU quantity such as "500m" or "2"';

/** CPU as a Kubernetes quantity: cores (`2`, `0.5`, also unquoted) or millicores (`500m`). */
export const cpuQuantity = z
  .union([z.string().regex(/^(?:\d+(?:\.\d{1,3})?|\d+m)$/, { error: cpuExpected }), z.number().positive()], {
    error: cpuExpected,
  })
  .transform(String);

/** Memory as a Kubernetes quantity: `256Mi`, `24Gi`. */
export const memoryQuantity = text(/^\d+(?:\.\d+)?(?:[KMGTP]i?|k)?$/, 'a memory quantity such as "256Mi" or "24Gi"');

/** An image reference that says which build it means, by tag or digest. */
export const imageReference = text(
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?:(?::[\w][\w.-]{0,127})(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$/,
  'an image reference with a tag or digest such as "registry.example.com/linly/llm:1.4.0"',
);

/** A share of traffic in percent: a whole number from 0 to 100. */
export const weight = z
  .number({ error: "is not a whole number from 0 to 100" })
  .int({ error: "is not a whole number from 0 to 100" })
  .min(0, { error: "is not a whole number from 0 to 100" })
  .max(100, { error: "is not a whole number from 0 to 100" });

export function count(min: number, what: string) {
  const error = `is not a whole number of ${what}, at least ${min}`;
  return z.number({ error }).int({ error }).min(min, { error });
}
