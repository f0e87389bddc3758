import { readFileSync } from "node:fs";
import { preview } from "../engine/index.ts";
import { caseNamed } from "./cases.ts";

/**
 * One preview in a process of its own: node bench/preview-once.ts CASE. Prints how many resources were asked for, and the
 * seconds that its processes had a core for, which say more than a clock where others want the cores as well.
 */
const plan = await preview(caseNamed(process.argv[2] ?? ""), () => undefined);
console.log(JSON.stringify({ resources: plan.steps.length, coreSeconds: coreSeconds() }));

/** This process's own time and that of the programs that it has seen end; see proc_pid_stat(5), fields 14 to 17. */
function coreSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = afterName.slice(11, 15).map(Number);
  const ticksPerSecond = 100;
  return ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond;
}
