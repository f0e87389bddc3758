import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EngineError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { ReleaseSpec } from "../program/release-spec.ts";

/** A helm binary and what each of its runs is given. */
export interface Helm {
  readonly binary: string;
  /** Arguments that lead to the cluster; none for rendering. */
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  /** Aborted when the cluster is lost: helm, which would wait for it, is ended then. */
  readonly lost?: AbortSignal;
}

/* For helm to write down how far it came, should its cluster answer after all. */
const lastSeconds = 10;

/** Runs helm and returns what it printed. Its complaint, without the lead-in, is the error's message. */
export async function runHelm(helm: Helm, args: readonly string[], signal?: AbortSignal): Promise<string> {
  helm.lost?.throwIfAborted();
  // A process group of its own, so that Ctrl-C in a terminal does not end helm in the middle of a change.
  const child = spawn(helm.binary, [...args, ...helm.args], {
    env: { ...process.env, ...helm.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  // On SIGTERM helm stops waiting and writes down how far it came.
  const end = () => child.kill("SIGTERM");
  let kill: NodeJS.Timeout | undefined;
  const endForGood = () => {
    kill = setTimeout(() => child.kill("SIGKILL"), lastSeconds * 1000);
  };
  signal?.addEventListener("abort", end);
  helm.lost?.addEventListener("abort", endForGood);
  const code = await new Promise<number | null>((done, fail) => {
    child.on("error", (error) => fail(new EngineError(`helm can't be run: ${error.message}`)));
    child.on("close", done);
  }).finally(() => {
    signal?.removeEventListener("abort", end);
    helm.lost?.removeEventListener("abort", endForGood);
    clearTimeout(kill);
  });
  if (code === 0) return stdout.join("");
  const complaint = stderr
    .join("")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(WARNING|level=|I\d{4}|W\d{4})/.test(line))
    .join("\n");
  throw new EngineError(complaint.replace(/^Error: /, "") || `helm ${args[0]} ended with exit code ${code ?? "none"}`);
}

/** The chart as helm's arguments: a folder or archive of the program, a name in a repository, or an OCI reference. */
export function chartArgs(spec: ReleaseSpec, dir: string): string[] {
  const version = spec.version === undefined ? [] : ["--version", spec.version];
  if (spec.repo !== undefined) return [spec.chart, "--repo", spec.repo, ...version];
  if (spec.chart.startsWith("oci://")) return [spec.chart, ...version];
  return [localChart(spec, dir)];
}

/** Path of a chart in the program's folder. */
export function localChart(spec: ReleaseSpec, dir: string): string {
  const path = resolve(dir, spec.chart);
  if (existsSync(path)) return path;
  throw new EngineError(`chart ${spec.chart} of release ${spec.name} is no folder or archive, and no repo is given`);
}

/** Lends a file of values that only we can read: values may be secret, and a command line can be read by all. */
export async function withValues<T>(values: JsonObject, use: (args: string[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "linly-mesh-values-"));
  try {
    const file = join(folder, "values.json");
    await writeFile(file, JSON.stringify(values), { mode: 0o600 });
    return await use(["--values", file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
