import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inItsOwnProcess, type Run, type Runner } from "../../../engine/program/run.ts";
import type { Task } from "./task.ts";

let staying: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs programs dry one after the other in a process that stays, one for each worker of Vitest, in less than half the time that a
 * process for each takes: most of that is the loading of the SDK. What a program prints goes to this process' own output.
 * Programs share what their entry points import: none may keep anything there. A real run, and a program with an environment of
 * its own, have a process of their own.
 */
export const inOneProcess: Runner = (run, address) => {
  if (!run.dryRun || Object.keys({ ...run.program.env, ...run.env }).length > 0) return inItsOwnProcess(run, address);
  const result = last.then(() => runNext(run, address));
  last = result.catch(() => undefined);
  return result;
};

async function runNext({ program, stop }: Run, address: string): Promise<number | null> {
  if (stop.aborted) return null;
  const { project, stack, config, secretKeys = [] } = program;
  const dir = resolve(program.dir);
  const entry = pathToFileURL(join(dir, program.entry ?? "index.ts")).href;
  const task: Task = { dir, entry, project, stack, config, secretKeys, address };

  const child = (staying ??= started());
  const settled = new AbortController();
  const { signal } = settled;
  const finished = once(child, "message", { signal }).then(() => 0);
  const ended = once(child, "close", { signal }).then(() => child.exitCode);
  const end = () => {
    forget(child);
    child.kill("SIGKILL");
  };
  stop.addEventListener("abort", end);
  child.send(task);
  try {
    return await Promise.race([finished, ended]);
  } finally {
    stop.removeEventListener("abort", end);
    settled.abort();
    await Promise.allSettled([finished, ended]);
  }
}

function started(): ChildProcess {
  const child = fork(new URL("process.ts", import.meta.url), { execArgv: ["--disable-warning=ExperimentalWarning"] });
  for (const event of ["error", "disconnect", "close"]) child.on(event, () => forget(child));
  // It ends with this process, and must not keep it.
  child.unref();
  child.channel?.unref();
  return child;
}

function forget(child: ChildProcess): void {
  if (staying === child) staying = undefined;
}
