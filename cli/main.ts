import { Command, CommanderError } from "commander";
import { destroyCommand } from "./commands/destroy.ts";
import { labCommand } from "./commands/lab.ts";
import { previewCommand } from "./commands/preview.ts";
import { upCommand } from "./commands/up.ts";
import { exitCodeOf, explain } from "./failures.ts";

/**
 * The `linly-mesh` command. Answers its exit code: 0 done, 1 failed, 2 bad input. A command's module says what it takes,
 * and loads what it works with once it runs: help and bad input need neither the engine nor the lab.
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command("linly-mesh")
    .description("A digital-human pipeline and its Istio mesh: previewed anywhere, brought up on the lab")
    .showSuggestionAfterError()
    .exitOverride();
  for (const command of [previewCommand(), upCommand(), destroyCommand(), labCommand()]) {
    program.addCommand(command.exitOverride().showSuggestionAfterError());
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has written its own message, and help asked for is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(explain(error));
    return exitCodeOf(error);
  }
}
