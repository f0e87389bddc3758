import { loadavg } from "node:os";
import { projectDir } from "../cli/project.ts";
import { readStackFile } from "../cli/stack-file.ts";
import { istioPorts } from "../components/istio/ports.ts";
import { hostOf } from "../components/service/workload.ts";
import { destroy, up } from "../engine/index.ts";
import { labUp } from "../lab/lab.ts";
import { multiclusterLab } from "../lab/spec.ts";
import { ensureTools } from "../lab/tools/build.ts";
import { waitFor } from "../lab/wait.ts";
import { planPipeline } from "../services/plan.ts";
import { seeded } from "../services/simulator/random.ts";
import { serviceName } from "../services/stage.ts";
import { wholeNumber } from "./arguments.ts";
import { Kubectl, type Pod } from "./overhead/kubectl.ts";
import { send, urlOf } from "./overhead/send.ts";
import { programWith } from "./overhead/setups.ts";
import { crossingWays, eastWestMesh, places, type CrossingWay } from "./regions/crossing-mesh.ts";
import { crossingsReport, measureCrossings, type CrossingBlock } from "./regions/crossings.ts";
import { formatSpread, spreadOf } from "./spread.ts";

/**
 * What the way through an east-west gateway costs: `npm run bench:east-west`, or `npm run bench:east-west -- BLOCKS SECONDS`.
 * Takes over the lab of this machine and leaves it up and empty. A stage in the north calls one beside it and the same one in
 * the east, in turns drawn by chance. The lab is one machine: there is no distance in what it says.
 */
const blockCount = wholeNumber(process.argv[2], 20, "blocks or seconds");
const seconds = wholeNumber(process.argv[3], 2, "blocks or seconds");
const say = (line: string) => console.error(line);
const random = seeded(1);
const [home, away] = ["north", "east"];

const file = readStackFile(projectDir, "local-multicluster");
const mesh = eastWestMesh(file.mesh, home, away);
const program = programWith(file, mesh);
const { kubeconfig } = await labUp(multiclusterLab, { projectDir, progress: say, bench: true });
const tools = await ensureTools(say, ["helm", "kubectl"]);
const options = { helm: async () => tools.helm };
const [north, east] = [home, away].map((name) => new Kubectl(tools.kubectl, kubeconfig, name));
if (north === undefined || east === undefined) throw new Error("the lab has two clusters");

try {
  await up(program, options, () => undefined);
  const inNorth = await north.pods(mesh.namespace);
  const client = { pod: podOf(inNorth, places.from), container: places.from };
  const urls = { direct: urlOfStage(places.direct), crossing: urlOfStage(places.crossing) };
  podOf(inNorth, places.direct);
  podOf(await east.pods(mesh.namespace), places.crossing);
  await requireWays(north, client.pod);

  const sent = (way: CrossingWay, connections: number, time: number) =>
    send(north, client, urls[way], { connections, rate: 0, seconds: time });
  // Sidecars and connections that are new, and a gateway that has only now been told what it lets in.
  await waitFor("both ways answer", { seconds: 60 }, () =>
    measureCrossings((way, connections) => sent(way, connections, 1), random).then(
      () => true as const,
      (error: unknown) => String(error),
    ),
  );
  const blocks: CrossingBlock[] = [];
  const machine: number[] = [];
  for (let block = 1; block <= blockCount; block += 1) {
    machine.push(loadavg()[0] ?? 0);
    blocks.push(await measureCrossings((way, connections) => sent(way, connections, seconds), random));
    say(`block ${block} of ${blockCount}`);
  }
  console.log(crossingsReport(blocks, random));
  console.log(`\n  ${blockCount} blocks of ${seconds} s a load; the middle, and where it lies with 95 % confidence`);
  console.log(`  load of the machine, one minute: ${formatSpread(spreadOf(machine), 1)}`);
} finally {
  await destroy(program, options, () => undefined);
}

/** Waits until the caller's sidecar goes to the one stage without a gateway, and to the other by nothing else. */
async function requireWays(kubectl: Kubectl, pod: Pod): Promise<void> {
  const expected: Readonly<Record<CrossingWay, boolean>> = { direct: false, crossing: true };
  await waitFor("the sidecar knows both ways", { seconds: 60 }, async () => {
    const clusters = await kubectl.exec(pod, "istio-proxy", ["pilot-agent", "request", "GET", "clusters"]);
    const wrong = crossingWays.filter((way) => {
      const endpoints = endpointsOf(clusters, hostOf({ name: places[way] }, mesh.namespace));
      const byGateway = (endpoint: string) => endpoint.endsWith(`:${istioPorts.crossNetwork}`);
      return endpoints.length === 0 || endpoints.some((endpoint) => byGateway(endpoint) !== expected[way]);
    });
    return wrong.length === 0 || `not yet: ${wrong.join(", ")}`;
  });
}

/** `address:port` of what stands behind a host, in what Envoy tells of its clusters. */
function endpointsOf(clusters: string, host: string): string[] {
  const lines = clusters.split("\n").map((line) => line.split("::"));
  return lines.flatMap(([name = "", endpoint = "", key]) =>
    name.startsWith("outbound|") && name.endsWith(`|${host}`) && key === "cx_active" ? [endpoint] : [],
  );
}

function urlOfStage(name: string): string {
  const found = planPipeline(mesh).services.find(({ stage }) => stage.name === name);
  if (found === undefined) throw new Error(`no stage ${name}`);
  return urlOf(name, found.stage.engine.port, mesh.namespace);
}

function podOf(pods: readonly Pod[], stage: string): Pod {
  const [pod, ...others] = pods.filter(({ app }) => app === serviceName({ name: stage }));
  if (pod === undefined || others.length > 0) throw new Error(`one pod of ${stage} is expected`);
  return pod;
}
