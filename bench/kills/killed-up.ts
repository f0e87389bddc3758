import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { projectDir } from "../../cli/project.ts";
import type { Step } from "../../engine/index.ts";

const event = z.object({ type: z.string(), step: z.object({ kind: z.string(), outcome: z.string() }).optional() });

/** Whether a step is something that a cluster holds: the others are names to the engine, or looks. */
export function isHeld({ kind }: { readonly kind: Step["kind"] | (string & {}) }): boolean {
  return kind === "object" || kind === "release" || kind === "patch";
}

/**
 * Runs `linly-mesh up` and kills it, without a chance to clean up, once so many objects and releases are done.
 *
 * @returns how many were done when it ended
 * @throws Error when it ends by itself
 */
export function killedUp(stack: string, objects: number): Promise<number> {
  const child = spawn(process.execPath, ["cli/linly-mesh.js", "up", stack, "--json"], {
    cwd: projectDir,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let done = 0;
  createInterface(child.stdout).on("line", (line) => {
    if (!line.startsWith("{")) return;
    const { type, step } = event.parse(JSON.parse(line));
    if (type === "done" && step !== undefined && isHeld(step)) done += 1;
    if (done === objects) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(done);
      else reject(new Error(`up ended by itself (exit ${code}) after ${done} objects`));
    });
  });
}
