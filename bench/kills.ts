import { loadavg } from "node:os";
import { failuresOf } from "../cli/demo/load.ts";
import { programOf, projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { table } from "../cli/views/table.ts";
import { destroy, preview, up } from "../engine/index.ts";
import { labUp } from "../lab/lab.ts";
import { multiclusterLab } from "../lab/spec.ts";
import { ensureTools } from "../lab/tools/build.ts";
import { seeded } from "../services/simulator/random.ts";
import { changesOf } from "./kills/changes.ts";
import { isHeld, killedUp } from "./kills/killed-up.ts";
import { killPoints } from "./kills/points.ts";
import { Users } from "./users.ts";

/**
 * An `up` of two regions, killed: `npm run bench:kills`, or `npm run bench:kills -- SEED FIRST LAST`, of ten kills those from
 * FIRST to LAST. Takes over the lab of this machine and leaves it up and empty. Each time from nothing: an `up` is killed,
 * the next one is to complete it, a third is to find nothing to do, and users of both regions are to be served. It ends with
 * an error where that is not so.
 */
const kills = 10;
const requests = 20;
const stack = "local-multicluster";
const [seed = 1, first = 1, last = kills] = process.argv.slice(2).map(Number);
if (![seed, first, last].every(Number.isInteger))
  throw new RangeError(`${process.argv.slice(2).join(" ")}: no numbers`);

const file = readStackFile(projectDir, stack);
const program = programOf(file);
const say = (line: string) => console.error(line);
const { kubeconfig } = await labUp(multiclusterLab, { projectDir, progress: say });
const { helm } = await ensureTools(say, ["helm"]);
const options = { helm: async () => helm };
const users = file.mesh.clusters.map(({ name }) => new Users(kubeconfig, name, file.mesh));
const objects = (await preview(program, () => undefined)).steps.filter(isHeld).length;

const rows: (string | number)[][] = [];
const faults: string[] = [];
for (const [index, point] of killPoints(kills, objects, seeded(seed)).entries()) {
  if (index + 1 < first || index + 1 > last) continue;
  await destroy(program, options, () => undefined);
  const done = await killedUp(stack, point);
  const start = performance.now();
  const completed = await up(program, options, () => undefined);
  const seconds = (performance.now() - start) / 1000;
  const changed = changesOf(await up(program, options, () => undefined));
  const failures: string[] = [];
  for (const region of users) {
    await region.served();
    failures.push(...failuresOf(await region.sent(requests)));
  }
  const found = changesOf(completed).length;
  const served = `${users.length * requests - failures.length} of ${users.length * requests}`;
  rows.push([index + 1, done, objects - found, found, seconds.toFixed(1), changed.length, served]);
  faults.push(...[...changed, ...failures].map((fault) => `killed after ${done} objects: ${fault}`));
  say(`kill ${rows.at(-1)?.join(", ")}`);
}
await destroy(program, options, () => undefined);

const header = [
  "kill",
  "after objects",
  "found done by the next up",
  "done by it",
  "seconds",
  "by a further one",
  "answered",
];
console.log(table(header, rows));
console.log(
  `\n  ${objects} objects and releases, seed ${seed}; load of the machine, one minute: ${loadavg()[0]?.toFixed(1)}`,
);
if (faults.length > 0) throw new Error(faults.join("\n"));
