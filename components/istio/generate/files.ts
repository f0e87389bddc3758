import { compile, type JSONSchema } from "json-schema-to-typescript";
import { format, resolveConfig } from "prettier";
import { convert, type Found } from "./convert.ts";
import { kindSchemas, type KindSchema } from "./crds.ts";
import { nameParts } from "./name-parts.ts";
import { names } from "./names.ts";
import { tightened } from "./tightened.ts";

/** The first lines of a generated file. */
export function header(version: string): string {
  return `// Made by \`npm run generate\` from the CRDs of istio.io/api ${version}. Changes by hand are lost.\n`;
}

/** Name of the file with the types of a kind: `virtual-service.ts`. */
export function fileOf(kind: string): string {
  return `${kind.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}.ts`;
}

/**
 * All generated files, by their names: one a kind, and `kinds.ts`, which has them all.
 *
 * @throws RangeError for a table that names what the CRDs do not have
 */
export async function generatedFiles(version: string, crds: string): Promise<Map<string, string>> {
  const kinds = kindSchemas(crds);
  const found: Found = { parts: new Map(), scalars: new Map() };
  const files = new Map<string, string>();
  for (const kind of kinds) files.set(fileOf(kind.kind), await pretty(header(version) + (await typesOf(kind, found))));
  files.set("kinds.ts", await pretty(header(version) + index(kinds)));
  refuseIdle("names.ts", Object.keys(names), (path) => found.parts.has(path));
  refuseIdle(
    "tightened.ts",
    tightened.map(([end]) => end),
    (end) => [...found.scalars.keys()].some((path) => path.endsWith(end)),
  );
  return files;
}

/** The types of one kind. */
export async function typesOf({ kind, spec }: KindSchema, found: Found): Promise<string> {
  const root = convert(spec, kind, found);
  const named = new Map<string, JSONSchema>();
  for (const [path, name] of Object.entries(names)) {
    const part = path.startsWith(`${kind}.`) ? found.parts.get(path) : undefined;
    if (part !== undefined) named.set(name, part);
  }
  const types = await compile(nameParts(root, named), `${kind}Spec`, { bannerComment: "", format: false });
  const own = [...found.scalars].filter(([path]) => path === kind || path.startsWith(`${kind}.`));
  const scalars = [...new Set(own.map(([, scalar]) => scalar))].toSorted();
  return scalars.length === 0 ? types : `import type { ${scalars.join(", ")} } from "../scalars.ts";\n\n${types}`;
}

function index(kinds: readonly KindSchema[]): string {
  return [
    ...kinds.map(({ kind }) => `import type { ${kind}Spec } from "./${fileOf(kind)}";`),
    "\n/** The `spec` of each kind. */\nexport interface IstioSpecs {",
    ...kinds.map(({ kind }) => `${kind}: ${kind}Spec;`),
    "}\n\n/** The API in which the program writes each kind. */\nexport const apiVersions: Record<keyof IstioSpecs, string> = {",
    ...kinds.map(({ kind, apiVersion }) => `${kind}: ${JSON.stringify(apiVersion)},`),
    "};",
  ].join("\n");
}

function refuseIdle(table: string, entries: readonly string[], used: (entry: string) => boolean): void {
  const idle = entries.filter((entry) => !used(entry));
  if (idle.length > 0) throw new RangeError(`${table} names what the CRDs do not have: ${idle.join(", ")}`);
}

async function pretty(text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(import.meta.filename)), parser: "typescript" });
}
