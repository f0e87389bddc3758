import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { explain } from "../cli/failures.ts";
import { projectDir } from "../cli/project.ts";
import { labUp } from "../lab/lab.ts";
import { localLab } from "../lab/spec.ts";
import { missingForLab } from "./support/requirements.ts";

/**
 * Runs the checks and the layers of tests in order and ends with `tests: N passed, N failed, N skipped`.
 * `--only pure,program` runs those layers alone, without the checks.
 */
const layers = ["pure", "program", "control-plane", "wire", "teardown"] as const;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numPendingTests: z.number() });

function heading(text: string): void {
  console.log(`\n── ${text} ${"─".repeat(Math.max(0, 90 - text.length))}`);
}

function check(name: string, command: string, args: readonly string[]): Counts {
  heading(name);
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** Types, lint and format: the same as `npm run check`, each counted as one test. */
function runChecks(): Counts[] {
  return [
    check("types", process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit"]),
    check("lint", process.execPath, ["node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."]),
    check("format", process.execPath, ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."]),
  ];
}

function runLayer(layer: string): Counts {
  heading(`${layer} tests`);
  const dir = mkdtempSync(join(tmpdir(), "linly-mesh-tests-"));
  const file = join(dir, "report.json");
  try {
    const args = ["run", "--project", layer, "--reporter=verbose", "--reporter=json", `--outputFile.json=${file}`];
    const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...args], { stdio: "inherit" });
    const { numPassedTests, numFailedTests, numPendingTests } = readReport(file);
    // A file that could not be loaded, or an error outside any test, fails the run without counting as a test.
    const failed = numFailedTests > 0 || status === 0 ? numFailedTests : 1;
    return { passed: numPassedTests, failed, skipped: numPendingTests };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readReport(file: string): z.output<typeof report> {
  try {
    return report.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    console.error(`vitest left no report: ${String(error)}`);
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  }
}

function chosenLayers(args: readonly string[]): readonly string[] {
  const at = args.indexOf("--only");
  if (at < 0) return layers;
  const chosen = (args[at + 1] ?? "").split(",");
  const unknown = chosen.filter((name) => !layers.some((layer) => layer === name));
  if (unknown.length === 0) return chosen;
  console.error(`--only knows the layers ${layers.join(", ")}; found ${JSON.stringify(unknown.join(","))}`);
  process.exit(2);
}

/** Builds what the lab consists of and starts it, here where progress is seen and no test's time runs. */
async function startLab(): Promise<Counts> {
  heading("the lab");
  try {
    await labUp(localLab, { projectDir, progress: console.log });
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    console.error(explain(error));
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const chosen = chosenLayers(process.argv.slice(2));
const missing = missingForLab();
const withoutLab = ["pure", "program"];
const needLab = chosen.filter((layer) => !withoutLab.includes(layer));
const counts: Counts[] = [
  ...(chosen === layers ? runChecks() : []),
  ...chosen.filter((layer) => withoutLab.includes(layer)).map(runLayer),
];
if (needLab.length > 0 && missing === undefined) counts.push(await startLab());
counts.push(...needLab.map(runLayer));

const total = counts.reduce((sum, { passed, failed, skipped }) => ({
  passed: sum.passed + passed,
  failed: sum.failed + failed,
  skipped: sum.skipped + skipped,
}));
if (total.skipped > 0) {
  console.log(`\nSKIPPED ${total.skipped} tests${missing === undefined ? "" : `: the lab needs ${missing}`}.`);
}
const skipFails = total.skipped > 0 && process.env["CI"] === "true";
if (skipFails) console.log("CI=true: a skipped test counts as a failure.");
console.log(`\ntests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 || skipFails ? 1 : 0);
