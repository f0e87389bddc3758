import { Command } from "commander";
import type { Result } from "../../engine/index.ts";
import { collected } from "../collected.ts";
import { interruptible } from "../interrupt.ts";
import { requireLab, requireOpened } from "../lab-guard.ts";
import { jsonReporter } from "../json-reporter.ts";
import { policyPacksOf, withPolicyOptions, type PolicyOptions } from "../policies.ts";
import { programOf, projectDir, severalClusters } from "../project.ts";

interface UpOptions extends PolicyOptions {
  readonly context?: string;
  readonly forget?: string[];
  readonly json?: boolean;
}

export function upCommand(): Command {
  return withPolicyOptions(new Command("up"))
    .description("apply a stack marked lab: true to its clusters")
    .argument("<stack>", "name of a stack: stacks/Pulumi.<stack>.yaml")
    .option("--context <context>", "use this kubeconfig context instead of the stack file's")
    .option(
      "--forget <cluster>",
      "leave what is in this cluster, which the stack file no longer names and which no longer answers; may be repeated",
      collected,
    )
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
  const report = options.json === true ? jsonReporter(write) : textReporter(write, severalClusters(file));
  const result = await interruptible((signal) =>
    up(
      programOf(file),
      {
        helm: () => helmPath(write),
        signal,
        policyPacks,
        forget: options.forget ?? [],
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
