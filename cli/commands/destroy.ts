import { Command } from "commander";
import { interruptible } from "../interrupt.ts";
import { requireLab } from "../lab-guard.ts";
import { programOf, projectDir } from "../project.ts";

export function destroyCommand(): Command {
  return new Command("destroy")
    .description("delete everything a stack marked lab: true made in its cluster")
    .argument("<stack>", "name of a stack: stacks/Pulumi.<stack>.yaml")
    .option("--context <context>", "use this kubeconfig context instead of the stack file's")
    .action(async (stack: string, { context }: { context?: string }) => {
      const write = (line: string) => console.log(line);
      const { readStackFile } = await import("../stack-file.ts");
      const file = readStackFile(projectDir, stack);
      requireLab(file, "destroy");
      const [{ destroy, tally, textReporter }, { helmPath }] = await Promise.all([
        import("../../engine/index.ts"),
        import("../helm.ts"),
      ]);
      const result = await interruptible((signal) =>
        destroy(
          programOf(file),
          { helm: () => helmPath(write), signal, ...(context !== undefined && { context }) },
          textReporter(write),
        ),
      );
      write(`\n${file.path}: ${tally(result.steps)}`);
    });
}
