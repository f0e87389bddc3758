import { z } from "zod";
import { suggestion } from "../nearest.ts";

/** An object that knows all its keys; an unknown one is named together with the nearest known. */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? unknownKeys(issue.keys ?? [], known) : undefined),
  });
}

/** What is wrong with keys that are not known: one line for each, in their order. */
export function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `is an unknown key: ${suggestion(key, known)}`).join("\n");
}
