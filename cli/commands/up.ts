import { Command } from "commander";
import type { Result } from "../../engine/index.ts";
import { interruptible } from "../interrupt.ts";
import { requireLab, requireOpened } from "../lab-guard.ts";
import { jsonReporter } from "../json-reporter.ts";
import { policyPacksOf, withPolicyOptions, type PolicyOptions } from "../policies.ts";
import { programOf, projectDir } from "../project.ts";

interface UpOptions extends PolicyOptions {
  readonly context?: string;
  readonly json?: boolean;
}

export function upCommand(): Command {
  return withPolicyOptions(new Command("up"))
    .description("apply a stack marked lab: true to its cluster")
    .argument("<stack>", "name of a stack: stacks/Pulumi.<stack>.yaml")
    .option("--context <context>", "use this kubeconfig context instead of the stack file's")
    .option("--json", "print what happens as JSON lines")
    .action(async (stack: string, options: UpOptions) => {
      await runUp(stack, options, (line) => console.log(line));
    });
}

/** Applies a lab stack. */
export async function runUp(stack: string, options: UpOptions, write: (line: string) => void): Promise<Result> {
  const { readStackFile } = await import("../stack-file.ts");
  const file = readStackFile(projectDir, stack);
  requireLab(file, "up");
  requireOpened(file);
  const [{ tally, textReporter, up }, { helmPath }, { versionRefusal }] = await Promise.all([
    import("../../engine/index.ts"),
    import("../helm.ts"),
    import("../../config/checks/kubernetes.ts"),
  ]);
  if (options.context !== undefined) write(`to context ${options.context} instead of the stack file's`);
  const policyPacks = policyPacksOf(options);
  const report = options.json === true ? jsonReporter(write) : textReporter(write);
  const result = await interruptible((signal) =>
    up(
      programOf(file),
      {
        helm: () => helmPath(write),
        signal,
        policyPacks,
        refusal: (version) => versionRefusal(version, file.mesh),
        ...(options.context !== undefined && { context: options.context }),
      },
      report,
    ),
  );
  write(
    options.json === true
      ? JSON.stringify({ type: "result", outputs: result.outputs })
      : `\n${file.path}: ${tally(result.steps)}`,
  );
  return result;
}
