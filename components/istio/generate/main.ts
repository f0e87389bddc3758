import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pinnedCrds } from "./crds.ts";
import { generatedFiles } from "./files.ts";

/** Writes the types of Istio's resources anew: `npm run generate`. */
const projectDir = join(import.meta.dirname, "..", "..", "..");
const folder = join(import.meta.dirname, "..", "generated");
const { version, text } = pinnedCrds(projectDir);
const files = await generatedFiles(version, text);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const [name, content] of files) writeFileSync(join(folder, name), content);
console.log(`${files.size} files in components/istio/generated from istio.io/api ${version}`);
