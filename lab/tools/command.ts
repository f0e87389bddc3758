import { spawn } from "node:child_process";
import { ToolError } from "./errors.ts";

export type CommandOptions = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> };

/** How much of what a failing command said is shown. */
const LINES = 25;

/** Runs a command and returns what it printed; a failure shows the end of it, under `doing`. */
export async function command(doing: string, program: string, args: readonly string[], options: CommandOptions = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let printed = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.once("error", (error) => reject(new ToolError(`${doing} failed: ${program}: ${error.message}`)));
  child.once("close", (code, signal) => {
    if (code === 0) return resolve(printed);
    const end = `${said}\n${printed}`.trim().split("\n").slice(-LINES).join("\n  ");
    reject(new ToolError(`${doing} failed: ${program} ended with ${signal ?? code}\n  ${end}`));
  });
  return await promise;
}

/** Whether a command can be run and ends well. */
export async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return await command("", program, args).then(
    () => true,
    () => false,
  );
}
