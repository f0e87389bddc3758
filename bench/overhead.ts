import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { istioNamespace } from "../components/istio/values.ts";
import { runHelm } from "../engine/helm/helm.ts";
import { destroy, up } from "../engine/index.ts";
import { labUp } from "../lab/lab.ts";
import { localLab } from "../lab/spec.ts";
import { ensureTools } from "../lab/tools/build.ts";
import { seeded } from "../services/simulator/random.ts";
import { wholeNumber } from "./arguments.ts";
import { measureBlock, type Block, type Stages } from "./overhead/blocks.ts";
import { fleet, fleetSizes, knows, weigh } from "./overhead/fleet.ts";
import { Kubectl } from "./overhead/kubectl.ts";
import { report, weights, type Weighed } from "./overhead/report.ts";
import {
  benchMesh,
  defaultsRelease,
  installDefaults,
  layer4Mesh,
  moved,
  namespaces,
  objectsIn,
  programWith,
} from "./overhead/setups.ts";

/**
 * What sidecars cost: `npm run bench:overhead`, or `npm run bench:overhead -- BLOCKS SECONDS`. Takes over the lab of this
 * machine and leaves it up and empty. Each block measures every setup with every load for so many seconds, in an order
 * drawn by chance, so that whatever else the machine does falls on all of them.
 */
const blockCount = wholeNumber(process.argv[2], 20, "blocks or seconds");
const seconds = wholeNumber(process.argv[3], 2, "blocks or seconds");
const say = (line: string) => console.error(line);
const random = seeded(1);

const lab = await labUp(localLab, { projectDir, progress: say, bench: true });
const tools = await ensureTools(say, ["helm", "kubectl"]);
const kubectl = new Kubectl(tools.kubectl, lab.kubeconfig, "local");
const helm = { binary: tools.helm, args: ["--kubeconfig", lab.kubeconfig, "--kube-context", "local"], env: {} };
const options = { helm: async () => tools.helm };

const file = readStackFile(projectDir, "local");
const mesh = benchMesh(file.mesh);
const program = programWith(file, mesh);
const layer4 = layer4Mesh(mesh);

try {
  say("the pipeline, four times");
  await up(program, options, () => undefined);
  // What the program says of the whole mesh is said to its own istiod.
  const meshWide = "telemetries.telemetry.istio.io,peerauthentications.security.istio.io";
  await kubectl.run(["--namespace", istioNamespace, "label", meshWide, "--all", "--overwrite", "istio.io/rev=default"]);
  await installDefaults(helm, mesh);
  const objects = await objectsIn(program, namespaces.ours);
  await kubectl.apply(moved(objects, "without"));
  await kubectl.apply(moved(objects, "defaults"));
  await kubectl.apply(await objectsIn(programWith(file, layer4), namespaces.layer4));
  const stages = {
    without: await stagesIn(namespaces.without),
    defaults: await stagesIn(namespaces.defaults),
    ours: await stagesIn(namespaces.ours),
    layer4: await stagesIn(namespaces.layer4),
  };

  const weighed: Weighed[] = [];
  for (const services of fleetSizes) {
    say(`${services} services`);
    await kubectl.apply(fleet(services));
    await knows(kubectl, stages.defaults, services);
    const [defaults, ours] = [await weigh(kubectl, stages.defaults), await weigh(kubectl, stages.ours)];
    weighed.push({ services, defaults, ours });
  }
  await kubectl.delete(fleet(0));
  console.log(`${weights(weighed)}\n`);

  await measureBlock(kubectl, stages, 1, random); // sidecars and connections that are new
  const blocks: Block[] = [];
  const machine: number[] = [];
  for (let block = 1; block <= blockCount; block += 1) {
    machine.push(loadavg()[0] ?? 0);
    blocks.push(await measureBlock(kubectl, stages, seconds, random));
    say(`block ${block} of ${blockCount}`);
    await writeFile(join(projectDir, ".lab", "overhead.json"), JSON.stringify({ seconds, weighed, machine, blocks }));
  }
  console.log(report(blocks, random));
  console.log(`\n  ${blockCount} blocks of ${seconds} s a load; the middle, and where it lies with 95 % confidence`);
} finally {
  await runHelm(helm, ["uninstall", defaultsRelease, "--namespace", istioNamespace, "--ignore-not-found", "--wait"]);
  const made = [namespaces.without, namespaces.defaults, namespaces.layer4];
  await kubectl.run(["delete", "namespace", "--ignore-not-found", ...made]);
  await kubectl.delete(fleet(0));
  await destroy(program, options, () => undefined);
}

async function stagesIn(namespace: string): Promise<Stages> {
  return new Map((await kubectl.pods(namespace)).map((pod) => [pod.app.replace(/-service$/, ""), pod]));
}
