import { join } from "node:path";
import { startLab } from "./commands/lab.ts";
import { runPreview } from "./commands/preview.ts";
import { runUp } from "./commands/up.ts";
import { showMesh } from "./demo/show.ts";
import { exitCodeOf, explain } from "./failures.ts";
import { projectDir } from "./project.ts";
import { readStackFile } from "./stack-file.ts";

/** `npm start`: preview, a lab on this machine, the stack on it, the mesh at work. */
const stack = "local";

function write(line: string): void {
  console.log(line);
}

function heading(text: string): void {
  write(`\n━━ ${text}`);
}

async function start(): Promise<void> {
  heading(`1/4  What the stack "${stack}" will apply`);
  await runPreview(stack, {}, write);

  heading("2/4  The lab: a real Kubernetes cluster on this machine");
  const lab = await startLab(write);

  heading(`3/4  linly-mesh up ${stack}`);
  await runUp(stack, {}, write);

  heading("4/4  The mesh at work");
  await showMesh(readStackFile(projectDir, stack).mesh, lab.kubeconfig, write);

  write(`
What to try next
  Change a weight of llm in ${join("stacks", `Pulumi.${stack}.yaml`)} and run npm start again: the shares follow.
  npx linly-mesh preview prod --render rendered   every manifest of the production stack, without a cluster
  npx linly-mesh lab status                       what runs on this machine
  npx linly-mesh destroy ${stack}                    take the mesh away
  npx linly-mesh lab down                         stop the lab and leave nothing behind
`);
}

try {
  await start();
} catch (error) {
  console.error(`\n${explain(error)}`);
  process.exitCode = exitCodeOf(error);
}
