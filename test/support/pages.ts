import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
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
    const mesh = meshIn(block);
    if (mesh?.["mode"] !== undefined && mesh["clusters"] !== undefined) shown.push((whole = mesh));
    else if (mesh !== undefined) shown.push(laidOver(whole, mesh));
  }
  return shown;
}

/** The mesh, or part of one, in a block of YAML; undefined where it holds something else. */
function meshIn(block: string): RawMesh | undefined {
  const documents = parseAllDocuments(block.replaceAll("sha256:…", `sha256:${"0".repeat(64)}`));
  const read: unknown = documents.length === 1 ? documents[0]?.toJS() : undefined;
  const file = stackFile.safeParse(read);
  if (file.success) return file.data.config["linly-mesh:mesh"];
  const part = mapping.safeParse(read);
  return part.success && Object.keys(part.data).every((key) => key in meshSchema.shape) ? part.data : undefined;
}

/**
 * A part stands in the place of what it names. Only of a service without versions, and of `istio` without charts, it is plain that
 * more belongs to them than is shown.
 */
function laidOver(whole: RawMesh, part: RawMesh): RawMesh {
  const mesh = { ...whole, ...part };
  const given = Object.entries(mapping.parse(part["services"] ?? {})).map(([stage, service]) => {
    const known = mapping.parse(whole["services"] ?? {})[stage];
    return [stage, completed(service, known, "versions")] as const;
  });
  const running = [...z.array(z.string()).parse(mesh["pipeline"]), mesh["entry"]];
  const kept = Object.entries(mapping.parse(whole["services"] ?? {})).filter(([stage]) => running.includes(stage));
  return {
    ...mesh,
    istio: completed(mesh["istio"], whole["istio"], "charts"),
    services: Object.fromEntries([...kept, ...given]),
  };
}

function completed(part: unknown, whole: unknown, essential: string): unknown {
  const shown = mapping.parse(part);
  return essential in shown ? shown : { ...mapping.parse(whole ?? {}), ...shown };
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
