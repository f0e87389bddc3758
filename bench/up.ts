import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { programOf, projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { destroy, preview, up } from "../engine/index.ts";
import { localLab } from "../lab/spec.ts";
import { labUp } from "../lab/lab.ts";
import { ensureTools } from "../lab/tools/build.ts";
import { wholeNumber } from "./arguments.ts";
import { ByHand } from "./by-hand.ts";
import { Users } from "./users.ts";
import { inTurns, waysTable } from "./ways.ts";

/**
 * From an empty lab cluster to an answered request: `npm run bench:up`, or `npm run bench:up -- ROUNDS`. Takes over the
 * lab of this machine and leaves it up and empty. Each round does it both ways, in turn first, and takes it down again.
 */
const rounds = wholeNumber(process.argv[2], 3, "rounds");

const file = readStackFile(projectDir, "local");
const program = programOf(file);
const say = (line: string) => console.error(line);
const { kubeconfig } = await labUp(localLab, { projectDir, progress: say });
const { helm, kubectl } = await ensureTools(say, ["helm", "kubectl"]);
const plan = await preview(program, () => undefined);
const context = file.mesh.clusters[0]?.context ?? "local";
const users = new Users(kubeconfig, context, file.mesh);

const options = { helm: async () => helm };
const dir = await mkdtemp(join(tmpdir(), "linly-mesh-bench-"));
try {
  const byHand = new ByHand(plan, dir, { helm, kubectl, kubeconfig, context });
  await byHand.prepare();
  await destroy(program, options, () => undefined);
  const ways = [
    {
      name: "linly-mesh up",
      up: () => up(program, options, () => undefined),
      down: () => destroy(program, options, () => undefined),
    },
    { name: "helm and kubectl", up: () => byHand.up(), down: () => byHand.down() },
  ];
  console.log(
    waysTable("from empty to serving", await inTurns(ways, rounds, async () => void (await users.served()), say)),
  );
  console.log(
    `\n  ${rounds} rounds; median (least–greatest); load of the machine, one minute: ${loadavg()[0]?.toFixed(1)}`,
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
