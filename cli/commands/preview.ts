import { Command } from "commander";
import { preview, render, tally, textReporter, type Plan, type Rendered } from "../../engine/index.ts";
import { helmAtHand } from "../helm.ts";
import { policyPacksOf, withPolicyOptions, type PolicyOptions } from "../policies.ts";
import { programOf, projectDir } from "../project.ts";
import { readStackFile } from "../stack-file.ts";

interface PreviewOptions extends PolicyOptions {
  readonly render?: string;
  readonly json?: boolean;
}

export function previewCommand(): Command {
  return withPolicyOptions(new Command("preview"))
    .description("show what a stack would apply; needs no cluster")
    .argument("<stack>", "name of a stack: stacks/Pulumi.<stack>.yaml")
    .option("--render <dir>", "write every manifest that would be applied, charts included, into a folder")
    .option("--json", "print the plan as JSON")
    .action(async (stack: string, options: PreviewOptions) => {
      await runPreview(stack, options, (line) => console.log(line));
    });
}

/** Previews a stack, without a cluster. */
export async function runPreview(
  stack: string,
  options: PreviewOptions,
  write: (line: string) => void,
): Promise<{ plan: Plan; rendered: Rendered | undefined }> {
  const file = readStackFile(projectDir, stack);
  const quiet = options.json === true;
  const report = textReporter(quiet ? (line) => console.error(line) : write);
  const plan = await preview(programOf(file), report, { policyPacks: policyPacksOf(options) });
  const rendered = options.render === undefined ? undefined : await renderInto(plan, options.render);
  if (quiet) {
    write(JSON.stringify({ ...plan, rendered }, null, 2));
    return { plan, rendered };
  }
  write(`\n${file.path}: ${tally(plan.steps)}`);
  if (rendered !== undefined && options.render !== undefined) {
    write(`${rendered.files.length} manifests written to ${options.render}`);
    for (const { release, reason } of rendered.notRendered) write(`warning: ${release} is not rendered: ${reason}`);
  }
  return { plan, rendered };
}

async function renderInto(plan: Plan, dir: string): Promise<Rendered> {
  const helm = await helmAtHand();
  return render(plan, dir, helm === undefined ? {} : { helm });
}
