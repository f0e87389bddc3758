import { spawn } from "node:child_process";
import { LabError } from "./errors.ts";

/** Runs a command to its end and returns what it wrote to stdout; a failure carries the command and its stderr. */
export async function run(
  command: string,
  args: readonly string[],
  input = "",
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => undefined); // a command that does not read its input is no failure
  child.stdin.end(input);
  const exit = await new Promise<string>((resolve, reject) => {
    child.on("error", (error) => reject(new LabError(`can't run ${command}: ${error.message}`)));
    child.on("close", (code, signal) => resolve(signal ?? String(code)));
  });
  if (exit !== "0") {
    const said = Buffer.concat(stderr).toString().trim() || Buffer.concat(stdout).toString().trim();
    throw new LabError(`${[command, ...args].join(" ")} failed (${exit}): ${said}`);
  }
  return Buffer.concat(stdout).toString();
}
