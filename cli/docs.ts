import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { referenceRows, stackJsonSchema } from "../config/reference.ts";
import { drawnMesh } from "../components/multicluster/drawing.ts";
import { planMesh } from "../components/multicluster/mesh-plan.ts";
import { meshDiagram } from "../services/diagram.ts";
import { projectDir } from "./project.ts";
import { readStackFile } from "./stack-file.ts";

/** Files that the program writes, whole or in part. */
export const generatedFiles = [
  "README.md",
  "README.zh-CN.md",
  "docs/multicluster.md",
  "docs/stack-reference.md",
  "stacks/schema.json",
] as const;

type GeneratedFile = (typeof generatedFiles)[number];

/** A file as the program writes it now. */
export async function refreshed(file: GeneratedFile): Promise<string> {
  switch (file) {
    case "README.md":
    case "README.zh-CN.md":
    case "docs/multicluster.md":
      return withDiagrams(readFileSync(join(projectDir, file), "utf8"));
    case "docs/stack-reference.md":
      return await format(stackReference(), { parser: "markdown", printWidth: 120 });
    case "stacks/schema.json":
      return await format(JSON.stringify(stackJsonSchema()), { parser: "json", printWidth: 120 });
  }
}

/** A document with its diagrams drawn anew from the stack files. */
function withDiagrams(text: string): string {
  return text.replace(
    /(<!-- diagram:([\w-]+) -->\n)[\s\S]*?(<!-- \/diagram -->)/g,
    (_, open: string, stack: string, close: string) => {
      const diagram = meshDiagram(drawnMesh(planMesh(readStackFile(projectDir, stack).mesh)));
      return `${open}\n\`\`\`mermaid\n${diagram}\n\`\`\`\n\n${close}`;
    },
  );
}

function stackReference(): string {
  // Outside code a star would be emphasis.
  const cell = (text: string) =>
    text
      .replaceAll("|", "\\|")
      .replaceAll("<", "&lt;")
      .replaceAll(/`[^`]*`|\*/g, (part) => (part === "*" ? "\\*" : part));
  const rows = referenceRows().map(
    ({ key, value, default: fallback, meaning }) =>
      `| \`${key}\` | ${cell(meaning)} | ${cell(value)} | ${fallback === "required" ? fallback : code(fallback)} |`,
  );
  return [
    "# Every key of a stack file",
    "",
    "What may stand under `linly-mesh:mesh`. This page is written from the schema by `npm run docs`;",
    "[config.md](config.md) is the guide. `stacks/schema.json` is the same for editors: a stack file that begins with",
    "`# yaml-language-server: $schema=schema.json` is completed and checked as you type.",
    "",
    "| key | meaning | value | default |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

/** Writes the files anew: `npm run docs`. */
if (import.meta.main) {
  for (const file of generatedFiles) writeFileSync(join(projectDir, file), await refreshed(file));
}
