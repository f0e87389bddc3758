import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { onItsOwn, type Run, type Runner } from "../../../engine/program/run.ts";
import type { Order } from "./order.ts";

let staying: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs programs one after the other in a process that stays, in less than half the time that a process for each takes, most of
 * which is the loading of the SDK. Programs share what their entry points import: none may keep anything there.
 */
export const warm: Runner = (run, address) => {
  // One with an environment of its own needs a process for it.
  if (Object.keys({ ...run.program.env, ...run.env }).length > 0) return onItsOwn(run, address);
  const result = last.then(() => runNext(run, address));
  last = result.catch(() => undefined);
  return result;
};

async function runNext({ program, dryRun, stop }: Run, address: string): Promise<number | null> {
  const { project, stack, config, secretKeys = [] } = program;
  const entry = pathToFileURL(join(resolve(program.dir), program.entry ?? "index.ts")).href;
  const order: Order = { entry, project, stack, config, secretKeys, address, dryRun };

  const child = (staying ??= started(program.dir));
  const settled = new AbortController();
  const finished = once(child, "message", settled).then(() => 0);
  const ended = once(child, "close", settled).then(([code]: (number | null)[]) => {
    staying = undefined;
    return code ?? null;
  });
  const end = () => child.kill("SIGKILL");
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  else child.send({ ...order });
  try {
    return await Promise.race([finished, ended]);
  } finally {
    stop.removeEventListener("abort", end);
    settled.abort();
    await Promise.allSettled([finished, ended]);
  }
}

function started(cwd: string): ChildProcess {
  const child = fork(new URL("process.ts", import.meta.url), {
    cwd,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  // It ends with this process, and must not keep it.
  child.unref();
  child.channel?.unref();
  return child;
}
