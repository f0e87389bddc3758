import { isObject } from "../json.ts";
import type { Json } from "../json.ts";
import { secretLeaves, shownSecret } from "./values.ts";

/** Shorter secrets are left alone in free text: hiding each "1" would hide nothing and spoil everything. */
const shortest = 4;

/** Knows the secrets of a run and takes them out of any text on its way to people. */
export class Redactor {
  readonly #secrets = new Set<string>();

  /** Learns every secret inside a value of the program. */
  learn(value: Json): void {
    for (const leaf of secretLeaves(value)) this.add(leaf);
  }

  /** Learns one secret; a text of JSON also by its parts, a text of several lines also by its lines. */
  add(text: string): void {
    const parts = [text, ...text.split("\n").map((line) => line.trim()), ...partsOf(text)];
    for (const part of parts.filter((part) => part.length >= shortest)) {
      this.#secrets.add(part);
      this.#secrets.add(Buffer.from(part).toString("base64"));
      this.#secrets.add(JSON.stringify(part).slice(1, -1));
    }
  }

  clean(text: string): string {
    return [...this.#secrets]
      .sort((left, right) => right.length - left.length)
      .reduce((cleaned, found) => cleaned.replaceAll(found, shownSecret), text);
  }
}

function partsOf(text: string): string[] {
  if (!/^\s*[[{]/.test(text)) return [];
  try {
    return leaves(JSON.parse(text));
  } catch {
    return [];
  }
}

function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(leaves);
  return isObject(value) ? Object.values(value).flatMap(leaves) : [];
}
