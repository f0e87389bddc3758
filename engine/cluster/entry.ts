import { z } from "zod";
import { textAt } from "../json.ts";
import type { Json } from "../json.ts";
import { keyOf, pathOf, titleOf } from "./kubernetes.ts";
import type { ObjectId } from "./kubernetes.ts";
import type { Registration } from "../program/registration.ts";
import { defaultSeconds, secondsOf } from "./wait.ts";

const entrySchema = z.object({
  what: z.enum(["object", "patch", "release"]),
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().exactOptional(),
  name: z.string(),
  urn: z.string(),
  /** URNs of what it needs: it is deleted before those. */
  needs: z.array(z.string()),
  /** Of that very object; absent until the API server has answered. */
  uid: z.string().exactOptional(),
  /** Of a Patch: under which name its fields are managed. */
  manager: z.string().exactOptional(),
  /** Of a Release that was deployed: a hash of its chart. */
  chart: z.string().exactOptional(),
  protect: z.boolean(),
  retainOnDelete: z.boolean(),
  deleteSeconds: z.number(),
});

/** Something that a stack has made, or is about to make, in a cluster. */
export type Entry = z.infer<typeof entrySchema>;

/** Which entry is meant: an object, or one Patch of it. */
export type EntryId = ObjectId & { readonly manager?: string };

/** The entry of a registration: what is written down before anything is made. */
export function entryOf(registration: Registration, what: Entry["what"], id: ObjectId): Entry {
  const { urn, needs, options } = registration;
  const { protect, retainOnDelete, timeouts } = options;
  const deleteSeconds = secondsOf(timeouts.delete) ?? defaultSeconds;
  return { what, ...id, urn, needs, protect, retainOnDelete, deleteSeconds };
}

/** Entries as the inventory's ConfigMap holds them, one a line. */
export function entriesOf(live: Json | undefined): Entry[] {
  const lines = (textAt(live, "data", "entries") ?? "").split("\n").filter((line) => line !== "");
  return lines.map((line) => entrySchema.parse(JSON.parse(line)));
}

export function keyOfEntry(id: EntryId): string {
  return `${keyOf(id)}|${id.manager ?? ""}`;
}

export function titleOfEntry(entry: Entry): string {
  if (entry.what === "release") return `Release ${pathOf(entry)}`;
  return titleOf(entry.what === "patch" ? { ...entry, kind: `${entry.kind}Patch` } : entry);
}

export function objectIdOf({ apiVersion, kind, namespace, name }: Entry): ObjectId {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}
