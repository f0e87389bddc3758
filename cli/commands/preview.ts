import { Command, Option } from "commander";
import type { Plan, Rendered } from "../../engine/index.ts";
import { policyPacksOf, withPolicyOptions, type PolicyOptions } from "../policies.ts";
import { programOf, projectDir, severalClusters } from "../project.ts";

interface PreviewOptions extends PolicyOptions {
  readonly render?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly against?: string;
  readonly cliOutput?: string;
}

interface Previewed {
  readonly plan: Plan;
  readonly rendered: Rendered | undefined;
}

export function previewCommand(): Command {
  return withPolicyOptions(new Command("preview"))
    .description("show what a stack would apply; needs no cluster")
    .argument("<stack>", "name of a stack: stacks/Pulumi.<stack>.yaml")
    .option("--render <dir>", "write every manifest that would be applied, charts included, into a folder")
    .option("--strict", "fail when a chart can't be fetched or rendered")
    .addOption(new Option("--json", "print the plan as JSON").conflicts(["markdown", "against", "cliOutput"]))
    .option("--markdown", "print what a pull request's comment says of the stack")
    .addOption(
      new Option(
        "--against <plan>",
        "--markdown, with what differs from a plan that --json printed into a file",
      ).implies({ markdown: true }),
    )
    .addOption(
      new Option("--cli-output <file>", "--markdown, with what pulumi preview printed into a file").implies({
        markdown: true,
      }),
    )
    .action(async (stack: string, options: PreviewOptions) => {
      await runPreview(stack, options, (line) => console.log(line));
    });
}

/**
 * Previews a stack, without a cluster.
 *
 * @throws EngineError for a chart that is not rendered, with `strict`; all else has been written by then
 */
export async function runPreview(
  stack: string,
  options: PreviewOptions,
  write: (line: string) => void,
): Promise<Previewed> {
  const forMachines = options.json === true || options.markdown === true;
  const progress = forMachines ? (line: string) => console.error(line) : write;
  const result =
    options.markdown === true
      ? await withSection(stack, options, write, () => previewed(stack, options, progress))
      : await previewed(stack, options, progress);
  if (options.json === true) write(JSON.stringify({ ...result.plan, rendered: result.rendered }, null, 2));
  if (options.strict === true) await requireRendered(stack, result);
  return result;
}

async function previewed(stack: string, options: PreviewOptions, write: (line: string) => void): Promise<Previewed> {
  const { render, strict } = options;
  const { readStackFile } = await import("../stack-file.ts");
  const file = readStackFile(projectDir, stack);
  const { preview, tally, textReporter } = await import("../../engine/index.ts");
  const plan = await preview(programOf(file), textReporter(write, severalClusters(file)), {
    policyPacks: policyPacksOf(options),
  });
  const rendered = render === undefined && strict !== true ? undefined : await rendering(plan, render);
  write(`\n${file.path}: ${tally(plan.steps)}`);
  if (render !== undefined && rendered !== undefined) {
    write(`${rendered.files.length} manifests written to ${render}`);
  }
  for (const { release, reason } of rendered?.notRendered ?? []) {
    write(`warning: ${release} is not rendered: ${reason}`);
  }
  return { plan, rendered };
}

/** Renders the plan with the helm at hand: into a folder, or only to see whether it can be. */
async function rendering(plan: Plan, dir: string | undefined): Promise<Rendered> {
  const [{ render }, { helmAtHand }, { inFolder }] = await Promise.all([
    import("../../engine/index.ts"),
    import("../helm.ts"),
    import("../temporary-folder.ts"),
  ]);
  const helm = await helmAtHand();
  return inFolder(dir, (folder) => render(plan, folder, helm === undefined ? {} : { helm }));
}

async function requireRendered(stack: string, { rendered }: Previewed): Promise<void> {
  const missing = rendered?.notRendered ?? [];
  if (missing.length === 0) return;
  const { EngineFaults } = await import("../../engine/errors.ts");
  throw new EngineFaults(missing.map(({ release, reason }) => `${stack}: ${release} is not rendered: ${reason}`));
}

/** Writes the section of a comment about the stack, also where the preview fails. */
async function withSection(
  stack: string,
  { against, cliOutput }: PreviewOptions,
  write: (line: string) => void,
  run: () => Promise<Previewed>,
): Promise<Previewed> {
  const [{ readInputs, sectionOf }, { failureSection }, { explain }, { PolicyViolations }] = await Promise.all([
    import("../preview-report.ts"),
    import("../views/preview-section.ts"),
    import("../failures.ts"),
    import("../../engine/index.ts"),
  ]);
  try {
    const inputs = readInputs({ against, cliOutput });
    try {
      const result = await run();
      write(sectionOf(result, inputs));
      return result;
    } catch (error) {
      // What violates a policy can still be shown, and is what a reviewer wants to see.
      if (!(error instanceof PolicyViolations) || error.plan === undefined) throw error;
      write(sectionOf({ plan: error.plan, rendered: undefined }, inputs));
      throw error;
    }
  } catch (error) {
    if (!(error instanceof PolicyViolations)) write(failureSection(stack, explain(error)));
    throw error;
  }
}
