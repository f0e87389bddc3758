import { programOf, projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import type { Program } from "../engine/index.ts";

/** How many services the growth is measured over. */
export const serviceCounts = [4, 20, 100] as const;

/** The programs that are measured, by name; each is what its preview is made from. */
export function caseNamed(name: string): Program {
  if (name === "three") return { ...programOf(readStackFile(projectDir, "local")), entry: "bench/programs/three.ts" };
  const services = /^(\d+) services$/.exec(name)?.[1];
  if (services === undefined) return programOf(readStackFile(projectDir, name));
  const program = programOf(readStackFile(projectDir, "prod"));
  const config = { ...program.config, "linly-mesh:stages": services };
  return { ...program, config, entry: "bench/programs/stages.ts" };
}

export const caseNames = ["three", "local", "prod", ...serviceCounts.map((count) => `${count} services`)] as const;
