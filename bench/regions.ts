import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { visitsOf } from "../cli/demo/load.ts";
import { projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { destroy, preview, up } from "../engine/index.ts";
import { labUp } from "../lab/lab.ts";
import { multiclusterLab } from "../lab/spec.ts";
import { ensureTools } from "../lab/tools/build.ts";
import { wholeNumber } from "./arguments.ts";
import { programWith } from "./overhead/setups.ts";
import { RegionsByHand } from "./regions/by-hand.ts";
import { withStageOnlyIn } from "./regions/crossing-mesh.ts";
import { Users } from "./users.ts";
import { inTurns, waysTable } from "./ways.ts";
import { Kubectl } from "./overhead/kubectl.ts";

/**
 * From two empty clusters to a request that crosses from one to the other: `npm run bench:regions`, or
 * `npm run bench:regions -- ROUNDS`. Takes over the lab of this machine and leaves it up and empty. One stage runs in the
 * east alone, so that each request of the north's users crosses, and the first that is answered is the end.
 */
const rounds = wholeNumber(process.argv[2], 3, "rounds");
const crossing = "tts";
const [home, away] = ["north", "east"];

const file = readStackFile(projectDir, "local-multicluster");
const mesh = withStageOnlyIn(file.mesh, crossing, away);
const program = programWith(file, mesh);
const say = (line: string) => console.error(line);
const { kubeconfig } = await labUp(multiclusterLab, { projectDir, progress: say });
const { helm, kubectl, istioctl } = await ensureTools(say, ["helm", "kubectl", "istioctl"]);
const options = { helm: async () => helm };
const users = new Users(kubeconfig, home, mesh);
const elsewhere = new Users(kubeconfig, away, mesh);
const clusters = mesh.clusters.map(({ name }) => new Kubectl(kubectl, kubeconfig, name));

const dir = await mkdtemp(join(tmpdir(), "linly-mesh-bench-"));
try {
  const plan = await preview(program, () => undefined);
  const byHand = new RegionsByHand(plan, mesh, dir, { helm, kubectl, istioctl, kubeconfig });
  await byHand.prepare();
  await emptied(() => destroy(program, options, () => undefined));
  const ways = [
    {
      name: "linly-mesh up",
      up: () => up(program, options, () => undefined),
      down: () => emptied(() => destroy(program, options, () => undefined)),
    },
    { name: "helm, kubectl and istioctl", up: () => byHand.up(), down: () => emptied(() => byHand.down()) },
  ];
  const timed = await inTurns(ways, rounds, crossed, say);
  console.log(waysTable("from two empty clusters to a request that crosses", timed));
  console.log(
    `\n  ${rounds} rounds; median (least–greatest); load of the machine, one minute: ${loadavg()[0]?.toFixed(1)}`,
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}

/** Waits for a request that was worked on in the other cluster. */
async function crossed(): Promise<void> {
  const visits = visitsOf([await users.served()], crossing);
  const pods = (await elsewhere.view.pods(mesh.namespace)).map(({ name }) => name);
  if (visits.length === 0 || visits.some(({ pod }) => !pods.includes(pod))) {
    throw new Error(`${crossing} was not asked in the ${away}: ${JSON.stringify(visits)}`);
  }
}

/** Takes a mesh away, and the CRDs, which its charts leave: the next way begins with clusters that know nothing of it. */
async function emptied(down: () => Promise<unknown>): Promise<void> {
  await down();
  for (const cluster of clusters) {
    const names = (await cluster.run(["get", "crds", "--output=name"])).split("\n");
    const left = names.filter((name) => /\.(istio|cert-manager)\.io$/.test(name));
    if (left.length > 0) await cluster.run(["delete", ...left]);
  }
}
