import { Command, CommanderError } from "commander";
import { join } from "node:path";
import type { MeshConfig } from "../config/schema.ts";
import { requireNoOther, stopHosts } from "../lab/lab.ts";
import type { LabSpec } from "../lab/spec.ts";
import { startLab } from "./commands/lab.ts";
import { runPreview } from "./commands/preview.ts";
import { runUp } from "./commands/up.ts";
import { showRegions } from "./demo/show-regions.ts";
import { showMesh } from "./demo/show.ts";
import { exitCodeOf, explain } from "./failures.ts";
import { requireLab } from "./lab-guard.ts";
import { interruptible } from "./interrupt.ts";
import { labOf } from "./labs.ts";
import { projectDir } from "./project.ts";
import { readStackFile } from "./stack-file.ts";

/** `npm start`: preview, a lab on this machine, the stack on it, the mesh at work. */
async function start(stack: string): Promise<void> {
  // What can't work is said before anything is built.
  const file = readStackFile(projectDir, stack);
  requireLab(file, "up");
  const spec = labOf(stack);
  await requireNoOther(spec.name);

  heading(`1/4  What the stack "${stack}" will apply`);
  await runPreview(stack, {}, write);

  const { length } = spec.clusters;
  heading(
    `2/4  The lab: ${length === 1 ? "a real Kubernetes cluster" : `${length} real Kubernetes clusters`} on this machine`,
  );
  const lab = await startLab(spec, write);

  heading(`3/4  linly-mesh up ${stack}`);
  await runUp(stack, {}, write);

  heading("4/4  The mesh at work");
  if (length === 1) await showMesh(file.mesh, lab.kubeconfig, write);
  else await showAll(file.mesh, spec, lab.kubeconfig);

  const again = stack === "local" ? "npm start" : `npm start -- --stack ${stack}`;
  write(`
What to try next
  Change a weight of llm in ${join("stacks", `Pulumi.${stack}.yaml`)} and run ${again} again: the shares follow.
  npx linly-mesh preview prod --render rendered   every manifest of the production stack, without a cluster
  npx linly-mesh lab status                       what runs on this machine
  ${`npx linly-mesh destroy ${stack}`.padEnd(46)}  take the mesh away
  npx linly-mesh lab down                         stop the lab and leave nothing behind
`);
}

/** Shows several clusters; whatever comes between, the lab is whole again afterwards. */
async function showAll(mesh: MeshConfig, spec: LabSpec, kubeconfig: string): Promise<void> {
  const nodesOf = (cluster: string) =>
    spec.clusters.filter(({ name }) => name === cluster).flatMap(({ nodes }) => nodes.map(({ name }) => name));
  const machines = {
    stopNodes: (cluster: string) => Promise.all(nodesOf(cluster).map((node) => stopHosts(spec.name, cluster, node))),
    startAll: () => startLab(spec, (line) => write(`          ${line}`)),
  };
  await interruptible((signal) => showRegions(mesh, { kubeconfig, machines, write, signal }));
}

function write(line: string): void {
  console.log(line);
}

function heading(text: string): void {
  write(`\n━━ ${text}`);
}

const command = new Command("npm start --")
  .description("A stack on a lab of this machine, from its preview to the mesh at work")
  .option("--stack <stack>", "a stack marked lab: true", "local")
  .exitOverride()
  .action(async ({ stack }: { stack: string }) => start(stack));

try {
  await command.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // it has written its own message
  } else {
    console.error(`\n${explain(error)}`);
    process.exitCode = exitCodeOf(error);
  }
}
