import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { EngineError, messageOf } from "../errors.ts";
import type { Program } from "../program/run.ts";

/** A pack's own process, which serves it on a port of the loopback interface. */
export interface PackProcess {
  readonly port: number;
  stop(): void;
}

/* Ends the pack with the engine, however that ends: its standard input is a pipe from there, which keeps nothing alive. */
const endsWithEngine = 'data:text/javascript,process.stdin.resume().on("end",()=>process.exit()).unref()';

/** Starts a pack on the SDK's own runner, as the Pulumi CLI does: the first line that it prints is its port. */
export async function startProcess(
  dir: string,
  program: Program,
  dryRun: boolean,
  print: (line: string) => void,
): Promise<PackProcess> {
  const args = ["--disable-warning=ExperimentalWarning", `--import=${endsWithEngine}`, runnerFor(dir), "none", dir];
  // A process group of its own: Ctrl-C in a terminal reaches the engine alone.
  const child = spawn(process.execPath, args, {
    cwd: dir,
    env: environment(program, dryRun),
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGKILL");
    }
  };
  const told: string[] = [];
  const tell = (line: string) => {
    told.push(line);
    print(line);
  };
  createInterface(child.stderr).on("line", tell);
  const lines = createInterface(child.stdout);
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", () => reject(new EngineError(["it ended before it served anything", ...told].join("\n  "))));
      lines.once("line", (line) => {
        if (/^\d+$/.test(line)) resolve(Number(line));
        else reject(new EngineError(`its first line is ${JSON.stringify(line)}, which is no port`));
      });
    });
    lines.on("line", tell);
    return { port, stop };
  } catch (error) {
    stop();
    throw new EngineError(`policy pack ${dir}: ${messageOf(error)}`);
  }
}

function runnerFor(dir: string): string {
  try {
    return createRequire(join(dir, "package.json")).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  } catch (error) {
    throw new EngineError(`policy pack ${dir}: @pulumi/policy is not installed there (${messageOf(error)})`);
  }
}

function environment({ config, project, stack, env }: Program, dryRun: boolean): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...env,
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_NODEJS_ORGANIZATION: "organization",
    PULUMI_NODEJS_PROJECT: project,
    PULUMI_NODEJS_STACK: stack,
    PULUMI_NODEJS_DRY_RUN: String(dryRun),
  };
}
