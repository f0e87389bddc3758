import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { table } from "../cli/views/table.ts";
import { wholeNumber } from "./arguments.ts";
import { caseNames, clusterCounts, clustersAndPairs, serviceCounts } from "./cases.ts";
import { measured, type Measured } from "./measure.ts";
import { formatSpread, spreadOf, steepening, type Point } from "./spread.ts";

/**
 * What a preview takes: `npm run bench`, or `npm run bench -- ROUNDS`. Each round runs every case once, so that whatever
 * else the machine does falls on all of them. Ratios are taken within a round, then their median.
 */
const rounds = wholeNumber(process.argv[2], 7, "rounds");

const once = fileURLToPath(new URL("preview-once.ts", import.meta.url));
const answer = z.object({ resources: z.number(), coreSeconds: z.number() });

interface Run extends Measured, z.output<typeof answer> {}

const runs = new Map<string, Run[]>(caseNames.map((name) => [name, []]));
const loads: number[] = [];

for (let round = 1; round <= rounds; round += 1) {
  for (const name of caseNames) {
    loads.push(loadavg()[0] ?? 0);
    const run = await measured(process.execPath, ["--disable-warning=ExperimentalWarning", once, name]);
    runs.get(name)?.push({ ...run, ...answer.parse(JSON.parse(run.stdout)) });
  }
  console.error(`round ${round} of ${rounds}`);
}

function runsOf(name: string): readonly Run[] {
  return runs.get(name) ?? [];
}

function ratios(name: string, of: (run: Run) => number): string {
  const base = runsOf("three").map(of);
  return formatSpread(spreadOf(runsOf(name).map((run, round) => of(run) / (base[round] ?? Number.NaN))), 2);
}

const rows = caseNames.map((name) => [
  name,
  runsOf(name)[0]?.resources ?? 0,
  formatSpread(spreadOf(runsOf(name).map(({ seconds }) => seconds)), 2),
  ratios(name, ({ seconds }) => seconds),
  formatSpread(spreadOf(runsOf(name).map(({ coreSeconds }) => coreSeconds)), 2),
  ratios(name, ({ coreSeconds }) => coreSeconds),
  formatSpread(spreadOf(runsOf(name).map(({ mebibytes }) => mebibytes)), 0),
  ratios(name, ({ mebibytes }) => mebibytes),
]);
console.log(table(["preview of", "resources", "seconds", "ratio", "core seconds", "ratio", "MiB", "ratio"], rows));

function pointsOf(
  counts: readonly [number, number, number],
  what: string,
  sizeOf: (count: number) => number,
  of: (run: Run) => number,
): [Point, Point, Point] {
  const pointOf = (count: number): Point => ({
    size: sizeOf(count),
    value: spreadOf(runsOf(`${count} ${what}`).map(of)).median,
  });
  const [few, some, many] = counts;
  return [pointOf(few), pointOf(some), pointOf(many)];
}

function growth(of: (run: Run) => number): string {
  return steepening(pointsOf(serviceCounts, "services", (count) => count, of)).toFixed(2);
}

/** The same for clusters, by how many there are and how many pairs of them one reads. */
function growthInClusters(what: "clusters" | "primaries", of: (run: Run) => number): string {
  const [, few, some, many] = clusterCounts;
  return steepening(pointsOf([few, some, many], what, (count) => clustersAndPairs(count, what), of)).toFixed(2);
}

console.log(
  `\n  a service costs from 20 to 100 this many times what it costs from 4 to 20: ` +
    `${growth(({ seconds }) => seconds)} in time, ${growth(({ coreSeconds }) => coreSeconds)} in core time, ` +
    `${growth(({ mebibytes }) => mebibytes)} in memory`,
);
for (const what of ["clusters", "primaries"] as const) {
  console.log(
    `  a cluster or pair costs from 20 to 50 ${what} this many times what it costs from 5 to 20: ` +
      `${growthInClusters(what, ({ seconds }) => seconds)} in time, ` +
      `${growthInClusters(what, ({ coreSeconds }) => coreSeconds)} in core time, ` +
      `${growthInClusters(what, ({ mebibytes }) => mebibytes)} in memory`,
  );
}
console.log(`  ${rounds} rounds; median (least–greatest); ratios to the three-resource program of the same round`);
console.log(`  load of the machine, one minute: ${formatSpread(spreadOf(loads), 1)}`);
