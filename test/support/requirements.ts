import { spawnSync } from "node:child_process";

/** What this machine lacks for a lab, in words; undefined when it has all of it. */
export function missingForLab(): string | undefined {
  const missing = [
    process.platform === "linux" ? undefined : "Linux",
    process.getuid?.() === 0 ? undefined : "root",
    spawnSync("go", ["version"]).status === 0 ? undefined : "Go",
  ].filter((name) => name !== undefined);
  return missing.length === 0 ? undefined : missing.join(", ");
}
