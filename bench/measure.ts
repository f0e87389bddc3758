import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What one run of a command took. */
export interface Measured {
  readonly seconds: number;
  /** Largest sum of the resident memory of the process and all below it, MiB. Shared pages count in each process. */
  readonly mebibytes: number;
  readonly stdout: string;
}

const sampleMilliseconds = 20;
const pageBytes = 4096;

/**
 * Runs a command to its end, looking at the memory of its processes every 20 ms.
 *
 * @throws Error when it fails
 */
export async function measured(command: string, args: readonly string[]): Promise<Measured> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  let peak = 0;
  const { pid } = child;
  const sampling = setInterval(() => {
    if (pid !== undefined) peak = Math.max(peak, treeBytes(pid));
  }, sampleMilliseconds);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with exit code ${code}`);
  } finally {
    clearInterval(sampling);
  }
  const seconds = (performance.now() - start) / 1000;
  return { seconds, mebibytes: peak / 2 ** 20, stdout: Buffer.concat(chunks).toString("utf8") };
}

function treeBytes(pid: number): number {
  return residentBytes(pid) + childrenOf(pid).reduce((sum, child) => sum + treeBytes(child), 0);
}

function residentBytes(pid: number): number {
  return pageBytes * Number(ofProcess(pid, "statm").split(" ")[1] ?? 0);
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    ofProcess(pid, `task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
}

function threadsOf(pid: number): string[] {
  return unlessEnded([], () => readdirSync(`/proc/${pid}/task`));
}

function ofProcess(pid: number, file: string): string {
  return unlessEnded("", () => readFileSync(`/proc/${pid}/${file}`, "utf8"));
}

/** A process may end between two looks; what it held is then nothing. */
function unlessEnded<T>(nothing: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH") return nothing;
    throw error;
  }
}
