import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ClusterView } from "../cli/demo/cluster-view.ts";
import { load } from "../cli/demo/load.ts";
import { programOf, projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { table } from "../cli/views/table.ts";
import { ingressName } from "../components/istio/values.ts";
import { destroy, preview, up } from "../engine/index.ts";
import { localLab } from "../lab/spec.ts";
import { labUp } from "../lab/lab.ts";
import { ensureTools } from "../lab/tools/build.ts";
import { planPipeline } from "../services/plan.ts";
import { workRoute } from "../services/engine.ts";
import { ByHand } from "./by-hand.ts";
import { formatSpread, spreadOf } from "./spread.ts";

/**
 * From an empty lab cluster to an answered request: `npm run bench:up`, or `npm run bench:up -- ROUNDS`. Takes over the
 * lab of this machine and leaves it up and empty. Each round does it both ways, in turn first, and takes it down again.
 */
const rounds = Number(process.argv[2] ?? 3);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`${process.argv[2]} is no number of rounds`);

const file = readStackFile(projectDir, "local");
const program = programOf(file);
const say = (line: string) => console.error(line);
const { kubeconfig } = await labUp(localLab, { projectDir, progress: say });
const { helm, kubectl } = await ensureTools(say, ["helm", "kubectl"]);
const plan = await preview(program, () => undefined);
const context = file.mesh.clusters[0]?.context ?? "local";
const view = new ClusterView(kubeconfig, context);

async function url(): Promise<string> {
  const entry = planPipeline(file.mesh).services.find((service) => service.entry);
  if (entry === undefined) throw new Error("the stack has no entry stage");
  return `http://${await view.loadBalancerAddress(ingressName, ingressName)}${workRoute(entry.stage.engine).path}`;
}

/** Waits until a request through the whole pipeline is answered, five minutes at most. */
async function serving(): Promise<void> {
  const deadline = performance.now() + 300_000;
  let last = "";
  while (performance.now() < deadline) {
    const answer = await url().then(
      (target) => load({ url: target, concurrency: 1, timeout: 10_000 }, (sent) => sent >= 1),
      (error: unknown) => [{ failure: String(error) }],
    );
    last = answer[0]?.failure ?? "";
    if (last === "") return;
    await setTimeout(100);
  }
  throw new Error(`no request was answered within five minutes: ${last}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  await serving();
  return (performance.now() - start) / 1000;
}

const options = { helm: async () => helm };
const dir = await mkdtemp(join(tmpdir(), "linly-mesh-bench-"));
try {
  const byHand = new ByHand(plan, dir, { helm, kubectl, kubeconfig, context });
  await byHand.prepare();
  await destroy(program, options, () => undefined);
  const ways = [
    {
      name: "linly-mesh up",
      seconds: Array<number>(),
      up: () => up(program, options, () => undefined),
      down: () => destroy(program, options, () => undefined),
    },
    { name: "helm and kubectl", seconds: Array<number>(), up: () => byHand.up(), down: () => byHand.down() },
  ];
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of round % 2 === 1 ? ways : ways.toReversed()) {
      const seconds = await timed(way.up);
      way.seconds.push(seconds);
      say(`round ${round} of ${rounds}: ${way.name} ${seconds.toFixed(1)} s`);
      await way.down();
    }
  }
  const base = ways[1]?.seconds ?? [];
  console.log(
    table(
      ["from empty to serving", "seconds", "ratio"],
      ways.map(({ name, seconds }) => [
        name,
        formatSpread(spreadOf(seconds), 1),
        formatSpread(spreadOf(seconds.map((value, round) => value / (base[round] ?? Number.NaN))), 2),
      ]),
    ),
  );
  console.log(
    `\n  ${rounds} rounds; median (least–greatest); load of the machine, one minute: ${loadavg()[0]?.toFixed(1)}`,
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
