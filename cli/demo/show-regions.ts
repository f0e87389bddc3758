import { planMesh } from "../../components/multicluster/mesh-plan.ts";
import type { ClusterConfig, MeshConfig } from "../../config/schema.ts";
import { workRoute } from "../../services/engine.ts";
import { planPipeline } from "../../services/plan.ts";
import { table } from "../views/table.ts";
import { ClusterView, type PodView } from "./cluster-view.ts";
import { failuresOf, load } from "./load.ts";
import { brokenPromises, lossRows, loseRegion, marksOf } from "./region-loss.ts";
import { latencyRows, servedRows, servedWhollyIn, type UserResults } from "./regions.ts";
import { timeline } from "./timeline.ts";

const requests = 500;
/** Share of the requests that a healthy region serves itself. */
const atHome = 0.99;

/** What a demonstration may do to the machines of a stack. */
export interface Machines {
  /** Stops all nodes of a cluster at once, as if they had lost power. */
  readonly stopNodes: (cluster: string) => Promise<unknown>;
  readonly startAll: () => Promise<unknown>;
}

/**
 * Shows a running mesh of several clusters at work: its pods, where each region's users are served, and what they see of the
 * loss of a region and of its return.
 *
 * @throws Error when a request fails that should not, or is served elsewhere
 */
export async function showRegions(
  mesh: MeshConfig,
  about: { kubeconfig: string; machines: Machines; write: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const { kubeconfig, machines, write, signal } = about;
  const { services } = planPipeline(mesh);
  const clusters = planMesh(mesh).sites.map(({ plan }) => plan.cluster);
  const names = clusters.map(({ name }) => name);
  const entry = services.find((service) => service.entry);
  const [first] = clusters;
  const last = clusters.at(-1);
  if (entry === undefined || first === undefined || last === undefined || first === last) {
    throw new Error("the stack has no entry stage, or less than two clusters");
  }
  const stages = services.map(({ stage }) => stage.name);
  const views = new Map(clusters.map((cluster) => [cluster.name, viewOf(kubeconfig, cluster)]));
  const places = new Map<string, string>();
  const look = async () => {
    const found = await podsOf(views, mesh.namespace);
    for (const { cluster, name } of found) places.set(name, cluster);
    return found;
  };
  const clusterOf = (pod: string) => places.get(pod);

  write("\nPods by cluster, node and zone");
  write(table(["cluster", "node", "zone", "pod", "containers ready"], rowsOf(await look())));

  const { path } = workRoute(entry.stage.engine);
  const urls = new Map<string, string>();
  for (const [name, view] of views) {
    urls.set(name, await view.ingressUrl(path));
  }
  write(`\n${requests} requests at each ingress gateway, as of the users of its region`);
  const sent = await Promise.all(
    [...urls].map(async ([users, url]): Promise<UserResults> => {
      const target = { url, concurrency: 8, timeout: 30_000 };
      return { users, results: await load(target, (count) => count >= requests) };
    }),
  );
  write("\nWhich cluster served them");
  write(table(["stage", "users of", ...names], servedRows(sent, stages, names, clusterOf)));
  write("\nTime of the whole request");
  write(table(["users of", "P50", "P90", "P99"], latencyRows(sent)));
  for (const { users, results } of sent) {
    const failed = failuresOf(results);
    if (failed.length > 0) throw new Error(`${failed.length} of ${users}'s ${requests} requests failed: ${failed[0]}`);
    const home = results.filter((result) => servedWhollyIn(users, result, clusterOf)).length;
    if (home < atHome * requests) throw new Error(`${home} of ${users}'s ${requests} requests were served there`);
  }

  write(`
The loss of ${last.name} (${last.region}), under load
  Its nodes are stopped at once, and nobody is told. Played are the users, four of each region with a request always under
  way, and their DNS: it sends those of ${last.name} to ${first.name} while the ingress there does not answer.`);
  const { loss, samples } = await loseRegion({
    ...{ region: last.name, other: first.name, urls, clusterOf, write, signal, look },
    takeAway: () => machines.stopNodes(last.name),
    giveBack: machines.startAll,
  });
  await look();
  write("\nSecond by second");
  for (const line of timeline(samples, stages, names, marksOf(loss), clusterOf)) write(line);
  write("\nIn all");
  const header = ["", "users of", "requests", "failed", ...names.map((name) => `all by ${name}`)];
  write(table(header, lossRows(samples, loss, names, clusterOf)));
  const broken = brokenPromises(samples, loss);
  if (broken.length > 0) {
    throw new Error(`${broken.length} requests failed that did not come in at the lost region: ${broken[0]}`);
  }
}

function viewOf(kubeconfig: string, { name, context }: ClusterConfig): ClusterView {
  return new ClusterView(kubeconfig, context ?? name);
}

interface PlacedPod extends PodView {
  readonly cluster: string;
}

async function podsOf(views: ReadonlyMap<string, ClusterView>, namespace: string): Promise<PlacedPod[]> {
  const lists = [...views].map(async ([cluster, view]) =>
    (await view.pods(namespace)).map((pod) => ({ ...pod, cluster })),
  );
  return (await Promise.all(lists)).flat();
}

function rowsOf(pods: readonly PlacedPod[]): string[][] {
  const key = ({ cluster, node, name }: PlacedPod) => `${cluster} ${node} ${name}`;
  return [...pods]
    .sort((a, b) => key(a).localeCompare(key(b)))
    .map(({ cluster, node, zone, name, ready }) => [cluster, node, zone, name, ready.join(", ")]);
}
