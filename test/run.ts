import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { explain } from "../cli/failures.ts";
import { projectDir } from "../cli/project.ts";
import { labDown, labsHere, labUp } from "../lab/lab.ts";
import { localLab, multiclusterLab, type LabSpec } from "../lab/spec.ts";
import { failedIn } from "./support/failed.ts";
import { missingForLab } from "./support/requirements.ts";
import { longest, timesOf, type Spent } from "./support/times.ts";

/**
 * Runs the layers of tests in order and ends with `tests: N passed, N failed, N skipped`. `checks` are types, lint and format.
 * `--only pure,program` runs those layers alone; `--long` runs long tests as well, which repeat at scale, or under a kill, what
 * others show once.
 */
const layers = [
  "checks",
  "pure",
  "process",
  "program",
  "command",
  "engine",
  "control-plane",
  "wire",
  "teardown",
  "multicluster",
] as const;
type Layer = (typeof layers)[number];

/**
 * Layers that look at no lab, and beside which other they run, one after the other, where that one runs: it waits for much, and
 * these take what that leaves of the cores, and no more.
 */
const beside: Readonly<Partial<Record<Layer, Layer>>> = {
  checks: "wire",
  program: "wire",
  command: "wire",
  engine: "wire",
};

/** The lab that a layer needs; the engine's needs the tools that a lab is made of. */
const labs: Readonly<Partial<Record<Layer, LabSpec>>> = {
  engine: localLab,
  "control-plane": localLab,
  wire: localLab,
  multicluster: multiclusterLab,
  teardown: localLab,
};

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const report = z.object({
  numPassedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      endTime: z.number(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

/** What failed, a line each: in a long output nobody finds it otherwise. */
const failures: string[] = [];

/** Notes what failed of one part; one that failed without saying of what has failed once. */
function failedOf(part: string, succeeded: boolean, lines: readonly string[]): number {
  const told = lines.length > 0 || succeeded ? lines : ["something failed, as told above"];
  failures.push(...told.map((line) => `${part}: ${line}`));
  return told.length;
}

/** What each layer and each piece of work on a lab took, and each file of the layers on a lab. */
const parts: Spent[] = [];
const files: Spent[] = [];

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    parts.push({ name, seconds: (performance.now() - begun) / 1000 });
  }
}

function heading(text: string): void {
  console.log(`\n── ${text} ${"─".repeat(Math.max(0, 90 - text.length))}`);
}

/** What runs just now: whoever asks this process to end asks those as well. */
const running = new Set<ChildProcess>();
for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(128 + constants.signals[signal]);
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  running.add(child);
  return new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  }).finally(() => running.delete(child));
}

/** Runs a layer; `host` is the one beside which it runs, and whose output it leaves alone until it has ended. */
function runLayer(layer: Layer, host?: Layer): Promise<Counts> {
  return layer === "checks" ? runChecks(host) : runTests(layer, host);
}

/** Types, lint and format, side by side: the same as `npm run check`, each counted as one test. */
async function runChecks(host?: Layer): Promise<Counts> {
  if (host === undefined) console.log("\nLooking at types, lint and format …");
  const commands = {
    types: ["node_modules/typescript/bin/tsc", "--noEmit"],
    lint: ["node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."],
    format: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."],
  };
  const priority = host === undefined ? [] : lowest;
  const statuses = await Promise.all(
    Object.entries(commands).map(([name, args]) => shownAtEnd([...priority, process.execPath, ...args], name)),
  );
  const failing = Object.keys(commands).filter((_, index) => statuses[index] !== 0);
  const failed = failedOf("checks", true, failing);
  return { passed: statuses.length - failed, failed, skipped: 0 };
}

async function runTests(layer: Layer, host?: Layer): Promise<Counts> {
  if (host === undefined) heading(`${layer} tests`);
  const begun = Date.now();
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-tests-"));
  const file = join(dir, "report.json");
  try {
    const options = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${file}`];
    // Beside another layer one worker: files that share one make each plan once, and the other core is the host's.
    const workers = host === undefined ? [] : ["--maxWorkers=1"];
    const vitest = [process.execPath, "node_modules/vitest/vitest.mjs", "run", "--project", layer];
    const command = [...vitest, ...workers, ...options];
    const status = await (host === undefined
      ? shown(command)
      : shownAtEnd([...lowest, ...command], `${layer} tests, beside ${host}`));
    const read = readReport(file);
    const { numPassedTests, numPendingTests, testResults } = read ?? none;
    if (layer in labs && host === undefined) files.push(...timesOf(testResults, begun, projectDir));
    // A file that could not be loaded, a hook, or an error outside of both fails the run without counting as a test.
    const failed = failedOf(layer, status === 0 && read !== undefined, failedIn(testResults, projectDir));
    return { passed: numPassedTests, failed, skipped: numPendingTests };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Whatever else wants a core has it first. */
const lowest = ["nice", "-n", "19"];

function shown([program = "", ...args]: readonly string[]): Promise<number | null> {
  return exitOf(spawn(program, args, { stdio: "inherit" }));
}

/** What the command prints is shown when it has ended. */
async function shownAtEnd([program = "", ...args]: readonly string[], name: string): Promise<number | null> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const [status, ...printed] = await Promise.all([exitOf(child), text(child.stdout), text(child.stderr)]);
  heading(name);
  process.stdout.write(printed.join(""));
  return status;
}

const none: z.output<typeof report> = { numPassedTests: 0, numPendingTests: 0, testResults: [] };

function readReport(file: string): z.output<typeof report> | undefined {
  try {
    return report.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    console.error(`vitest left no report: ${String(error)}`);
    return undefined;
  }
}

function chosenLayers(args: readonly string[]): readonly Layer[] {
  const at = args.indexOf("--only");
  if (at < 0) return layers;
  const chosen = (args[at + 1] ?? "").split(",");
  const unknown = chosen.filter((name) => !layers.some((layer) => layer === name));
  if (unknown.length === 0) return layers.filter((name) => chosen.includes(name));
  console.error(`--only knows the layers ${layers.join(", ")}; found ${JSON.stringify(unknown.join(","))}`);
  process.exit(2);
}

async function runLayers(names: readonly Layer[]): Promise<Counts[]> {
  const counts: Counts[] = [];
  for (const name of names) {
    const guests = chosen.filter((layer) => besideWhich(layer) === name);
    const host = timed(nameOf(name), () => runLayer(name));
    counts.push(...(await Promise.all([host, runGuests(guests, name)])).flat());
  }
  return counts;
}

async function runGuests(guests: readonly Layer[], host: Layer): Promise<Counts[]> {
  const counts: Counts[] = [];
  for (const guest of guests) {
    counts.push(await timed(`${nameOf(guest)}, beside ${host}`, () => runLayer(guest, host)));
  }
  return counts;
}

function nameOf(layer: Layer): string {
  return layer === "checks" ? "types, lint and format" : `${layer} tests`;
}

/** The layer beside which one runs, if both are chosen and there is a lab. */
function besideWhich(layer: Layer): Layer | undefined {
  const host = beside[layer];
  return host !== undefined && missing === undefined && chosen.includes(host) ? host : undefined;
}

/** Runs layers on their lab, which takes the place of any other, and takes it away unless it is the usual one. */
async function runOnLab(lab: LabSpec, names: readonly Layer[]): Promise<Counts[]> {
  // One of another name is in the way, and this machine is the tests' to use.
  const others = (await labsHere()).filter((name) => name !== lab.name);
  const ready = await step(`the lab ${lab.name}`, async () => {
    for (const other of others) await labDown(other, console.log);
    await labUp(lab, { projectDir, progress: console.log });
  });
  const counts = await runLayers(names);
  if (lab === localLab) return [ready, ...counts];
  return [ready, ...counts, await step(`the end of the lab ${lab.name}`, () => labDown(lab.name, console.log))];
}

/** Work on the lab, counted as a test: here its progress is seen, and no test's time runs. */
async function step(name: string, work: () => Promise<void>): Promise<Counts> {
  heading(name);
  try {
    await timed(name, work);
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    const why = explain(error);
    console.error(why);
    return { passed: 0, failed: failedOf(name, false, [why]), skipped: 0 };
  }
}

/** Layers one after the other, those on the same lab together. */
function byLab(names: readonly Layer[]): { lab: LabSpec | undefined; names: Layer[] }[] {
  const groups: { lab: LabSpec | undefined; names: Layer[] }[] = [];
  for (const name of names) {
    const last = groups.at(-1);
    if (last !== undefined && last.lab === labs[name]) last.names.push(name);
    else groups.push({ lab: labs[name], names: [name] });
  }
  return groups;
}

const args = process.argv.slice(2);
if (args.includes("--long")) process.env["LINLY_MESH_LONG"] = "true";
const chosen = chosenLayers(args);
const missing = missingForLab();
const counts: Counts[] = [];
for (const { lab, names } of byLab(chosen.filter((layer) => besideWhich(layer) === undefined))) {
  counts.push(...(lab === undefined || missing !== undefined ? await runLayers(names) : await runOnLab(lab, names)));
}

const total = counts.reduce((sum, { passed, failed, skipped }) => ({
  passed: sum.passed + passed,
  failed: sum.failed + failed,
  skipped: sum.skipped + skipped,
}));
heading("where the time went");
for (const line of [...longest(parts, parts.length), "", ...longest(files, 12)]) console.log(line);
if (total.skipped > 0) {
  console.log(`\nSKIPPED ${total.skipped} tests${missing === undefined ? "" : `: the lab needs ${missing}`}.`);
}
if (failures.length > 0) {
  heading("what failed");
  for (const line of failures) console.log(line);
}
if (process.env["LINLY_MESH_LONG"] !== "true")
  console.log("\nWithout what takes long, which npm run test:long runs as well.");
const skipFails = total.skipped > 0 && process.env["CI"] === "true";
if (skipFails) console.log("CI=true: a skipped test counts as a failure.");
console.log(`\ntests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 || skipFails ? 1 : 0);
