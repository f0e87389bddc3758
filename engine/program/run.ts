import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { startHost } from "./host.ts";
import type { Handler } from "./host.ts";

/** A Pulumi program and what it is run with. */
export interface Program {
  /** Its folder: the working directory, and what relative paths start from. */
  readonly dir: string;
  /** Its entry point inside `dir`. Default `index.ts`. */
  readonly entry?: string;
  readonly project: string;
  readonly stack: string;
  /** Config by full key, `project:key`; structured values as JSON. */
  readonly config: Record<string, string>;
  /** Those keys of `config` that are secret. */
  readonly secretKeys?: string[];
  /** Added to the environment. */
  readonly env?: Record<string, string>;
}

/** One run of a program. */
export interface Run {
  readonly program: Program;
  readonly dryRun: boolean;
  /** Ends the program at once. */
  readonly stop: AbortSignal;
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets what the program prints, line by line. */
  readonly print: (line: string) => void;
}

/**
 * Runs a program until it ends by itself or is stopped, and gives its exit code. What it asks for goes to the engine that
 * listens at `address`.
 */
export type Runner = (run: Run, address: string) => Promise<number | null>;

/** Runs the program, and answers what it asks for until it has ended. */
export async function runProgram(run: Run, handler: Handler, runner: Runner): Promise<number | null> {
  const host = await startHost(run.program.stack, run.program.project, handler);
  try {
    return await runner(run, host.address);
  } finally {
    host.stop();
  }
}

/** Runs the program as the Pulumi CLI would: on the SDK's own runner, in a process that ends with it. */
export const inItsOwnProcess: Runner = async (run, address) => {
  const cwd = resolve(run.program.dir);
  const args = argumentsFor(run.program, cwd, address, run.dryRun);
  const env = environment(run.program, run.env);
  // A process group of its own: Ctrl-C in a terminal reaches the engine alone, which ends the program in order.
  const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  createInterface(child.stdout).on("line", run.print);
  createInterface(child.stderr).on("line", run.print);
  run.stop.addEventListener("abort", stop);
  if (run.stop.aborted) stop();
  try {
    return await new Promise<number | null>((done, fail) => {
      child.on("error", fail);
      child.on("close", done);
    });
  } finally {
    run.stop.removeEventListener("abort", stop);
  }
};

function argumentsFor(program: Program, dir: string, address: string, dryRun: boolean): string[] {
  const runner = createRequire(join(dir, "package.json")).resolve("@pulumi/pulumi/cmd/run/index.js");
  return [
    // Node 22 calls the stripping of types experimental each time.
    "--disable-warning=ExperimentalWarning",
    `--import=${new URL("as-written.js", import.meta.url).href}`,
    runner,
    `--monitor=${address}`,
    `--engine=${address}`,
    `--project=${program.project}`,
    `--stack=${program.stack}`,
    "--organization=organization",
    `--pwd=${dir}`,
    `--root-directory=${dir}`,
    ...(dryRun ? ["--dry-run"] : []),
    program.entry ?? "index.ts",
  ];
}

function environment(program: Program, added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PULUMI_NODEJS_TYPESCRIPT: _, ...inherited } = process.env;
  return {
    ...inherited,
    ...program.env,
    ...added,
    PULUMI_CONFIG: JSON.stringify(program.config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(program.secretKeys ?? []),
  };
}
