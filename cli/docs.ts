import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meshDiagram } from "../services/diagram.ts";
import { planPipeline } from "../services/plan.ts";
import { projectDir } from "./project.ts";
import { readStackFile } from "./stack-file.ts";

/** Documents with parts that the program writes. */
export const generatedIn = ["README.md", "README.zh-CN.md"] as const;

/** A document with its diagrams drawn anew from the stack files. */
export function refreshed(file: string): string {
  const text = readFileSync(join(projectDir, file), "utf8");
  return text.replace(
    /(<!-- diagram:([\w-]+) -->\n)[\s\S]*?(<!-- \/diagram -->)/g,
    (_, open: string, stack: string, close: string) => {
      const diagram = meshDiagram(planPipeline(readStackFile(projectDir, stack).mesh));
      return `${open}\n\`\`\`mermaid\n${diagram}\n\`\`\`\n\n${close}`;
    },
  );
}

/** Writes the documents anew: `npm run docs`. */
if (import.meta.main) {
  for (const file of generatedIn) writeFileSync(join(projectDir, file), refreshed(file));
}
