import { readFileSync } from "node:fs";
import { ConfigError } from "../config/faults.ts";
import type { Plan, Rendered } from "../engine/index.ts";
import { readPlanFile } from "./plan-file.ts";
import { changesBetween, type Planned } from "./views/plan-changes.ts";
import { previewSection } from "./views/preview-section.ts";

/** What a section is made of beside the preview itself. */
export interface SectionInputs {
  /** Steps of the plan to compare with. */
  readonly base: readonly Planned[] | undefined;
  readonly cliOutput: string | undefined;
}

/**
 * Reads the files that the command line names.
 *
 * @throws ConfigError when one can't be read
 */
export function readInputs(files: { against: string | undefined; cliOutput: string | undefined }): SectionInputs {
  const { against, cliOutput } = files;
  return {
    base: against === undefined ? undefined : readPlanFile(against),
    cliOutput: cliOutput === undefined ? undefined : readText(cliOutput),
  };
}

/** The section of a pull request's comment about one stack. */
export function sectionOf(
  { plan, rendered }: { plan: Plan; rendered: Rendered | undefined },
  { base, cliOutput }: SectionInputs,
): string {
  const diagram = plan.outputs["diagram"];
  return previewSection({
    stack: plan.stack,
    steps: plan.steps,
    changes: base === undefined ? undefined : changesBetween(base, plan.steps),
    violations: violationsOf(plan),
    notRendered: rendered?.notRendered ?? [],
    diagram: typeof diagram === "string" ? diagram : undefined,
    cliOutput,
  });
}

/** A violation names a resource by its URN; people know it by its title. */
function violationsOf({ stack, steps, violations }: Plan) {
  const titles = new Map(steps.map(({ urn, title }) => [urn, title]));
  return violations.map(({ policy, level, urn, message }) => ({
    policy,
    level,
    subject: titles.get(urn) ?? `the stack ${stack}`,
    message,
  }));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch (error) {
    throw new ConfigError(path, [{ path: "", message: `can't be read: ${String(error)}` }]);
  }
}
