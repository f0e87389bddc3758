import { parseAllDocuments } from "yaml";
import { isObject, toJson } from "../json.ts";
import type { JsonObject } from "../json.ts";

/** The objects in a text of YAML documents. */
export function manifestsOf(text: string): JsonObject[] {
  return parseAllDocuments(text)
    .map((document) => toJson(document.toJS()))
    .filter(isObject);
}
