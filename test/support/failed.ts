import { relative } from "node:path";

/** A file of tests that has ended, as Vitest's JSON report tells it. */
export interface ReportedFile {
  readonly name: string;
  readonly status: string;
  /** Why the file could not be loaded; empty where it could. */
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

/**
 * What failed, a line each: tests with the first line of why, and files in which none did, but a hook, or the file itself.
 * A hook's own words are in no report: they stand in what was printed.
 */
export function failedIn(files: readonly ReportedFile[], root: string): string[] {
  return files.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const tests = assertionResults
      .filter((test) => test.status === "failed")
      .map(({ fullName, failureMessages: [why = ""] }) => `${file} > ${fullName}: ${firstLine(why)}`);
    if (status !== "failed" || tests.length > 0) return tests;
    const skipped = assertionResults.filter((test) => test.status === "skipped").length;
    return `${file}: ${firstLine(message) || "a hook failed, as told above"}${skipped > 0 ? `; tests skipped: ${skipped}` : ""}`;
  });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
