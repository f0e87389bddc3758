import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { projectDir } from "../../cli/project.ts";
import { meshSchema } from "../../config/schema.ts";

/** The pages of the documentation, relative to the project. */
export const pages: readonly string[] = [
  ...readdirSync(projectDir).filter((file) => file.endsWith(".md")),
  ...readdirSync(join(projectDir, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

export function textOf(page: string): string {
  return readFileSync(join(projectDir, page), "utf8");
}

type RawMesh = Record<string, unknown>;

const mapping = z.record(z.string(), z.unknown());
const stackFile = z.object({ config: z.object({ "linly-mesh:mesh": mapping }) });

/**
 * What a text shows of stack files: each whole one, and each part, laid over the last whole one before it.
 *
 * @param base what parts are laid over before the first whole one. Default: nothing
 */
export function shownMeshes(text: string, base: RawMesh = {}): RawMesh[] {
  const shown: RawMesh[] = [];
  let whole = base;
  for (const [, block = ""] of text.matchAll(/```yaml\n([\s\S]*?)```/g)) {
    const read: unknown = parse(block);
    const file = stackFile.safeParse(read);
    const part = mapping.safeParse(read);
    if (file.success) shown.push((whole = file.data.config["linly-mesh:mesh"]));
    else if (part.success && Object.keys(part.data).every((key) => key in meshSchema.shape)) {
      const parts = {
        ...mapping.optional().parse(whole["services"]),
        ...mapping.optional().parse(part.data["services"]),
      };
      const pipeline = z.array(z.string()).parse(part.data["pipeline"] ?? whole["pipeline"]);
      const running = [...pipeline, part.data["entry"] ?? whole["entry"]];
      const services = Object.fromEntries(Object.entries(parts).filter(([stage]) => running.includes(stage)));
      shown.push({ ...whole, ...part.data, services });
    }
  }
  return shown;
}

/** A request that a page has its reader send. */
export interface ShownRequest {
  readonly method: string;
  readonly path: string;
}

/** The calls of curl that a text shows. */
export function shownRequests(text: string): ShownRequest[] {
  return [
    ...text.replaceAll("\\\n", " ").matchAll(/\bcurl\b([^\n|;`]*?)https?:\/\/[^/\s]+(\/[^\s;'"`?]*)([^\n|;`]*)/g),
  ].map(([, before = "", path = "", after = ""]) => {
    const options = `${before} ${after}`;
    const [, named] = /(?:-X|--request)\s+([A-Z]+)/.exec(options) ?? [];
    return { method: named ?? (/\s(?:-d|--data)\s/.test(options) ? "POST" : "GET"), path };
  });
}
