import { Command } from "commander";
import { collected } from "../collected.ts";
import { interruptible } from "../interrupt.ts";
import { requireLab } from "../lab-guard.ts";
import { programOf, projectDir, severalClusters } from "../project.ts";

export function destroyCommand(): Command {
  return new Command("destroy")
    .description("delete everything a stack marked lab: true made in its clusters")
    .argument("<stack>", "name of a stack: stacks/Pulumi.<stack>.yaml")
    .option("--context <context>", "use this kubeconfig context instead of the stack file's")
    .option("--forget <cluster>", "leave what is in this cluster, which no longer answers; may be repeated", collected)
    .action(async (stack: string, { context, forget = [] }: { context?: string; forget?: string[] }) => {
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
          { helm: () => helmPath(write), signal, forget, ...(context !== undefined && { context }) },
          textReporter(write, severalClusters(file)),
        ),
      );
      write(`\n${file.path}: ${tally(result.steps)}`);
    });
}
