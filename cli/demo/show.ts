import { observabilityNamespace } from "../../components/observability/collector.ts";
import { installed, type MeshConfig, type ServiceConfig } from "../../config/schema.ts";
import { planPipeline, type PlannedService } from "../../services/plan.ts";
import { workRoute } from "../../services/engine.ts";
import { serviceName } from "../../services/stage.ts";
import { istioPorts } from "../../components/istio/ports.ts";
import { table } from "../views/table.ts";
import { ClusterView } from "./cluster-view.ts";
import { countVersions, load, visitsOf, type Result } from "./load.ts";
import { plaintextRequest } from "./plaintext.ts";
import { percentile, wilson } from "./statistics.ts";
import { traceOf } from "./trace.ts";

type Planned = PlannedService<ServiceConfig>;

const requests = 1000;

/**
 * Shows a running stack at work: its pods, its canary shares, and what happens to a caller outside the mesh.
 *
 * @throws Error when a request fails or plain text gets through
 */
export async function showMesh(mesh: MeshConfig, kubeconfig: string, write: (line: string) => void): Promise<void> {
  const { services } = planPipeline(mesh);
  const [cluster] = mesh.clusters;
  const entry = services.find((service) => service.entry);
  if (cluster === undefined || entry === undefined) throw new Error("the stack has no cluster or no entry stage");
  const view = new ClusterView(kubeconfig, cluster.context ?? cluster.name);

  write("\nPods by node and pool");
  const pods = await view.pods(mesh.namespace);
  const byNode = [...pods].sort((a, b) => `${a.node}${a.name}`.localeCompare(`${b.node}${b.name}`));
  write(
    table(
      ["node", "pool", "pod", "containers ready"],
      byNode.map((p) => [p.node, p.pool, p.name, p.ready.join(", ")]),
    ),
  );

  const url = await view.ingressUrl(workRoute(entry.stage.engine).path);
  write(`\n${requests.toLocaleString("en")} requests through the ingress gateway: POST ${url}`);
  const results = await load({ url, concurrency: 16, timeout: 30_000 }, (sent) => sent >= requests);
  writeShares(services, results, write);
  writeLatencies(services, results, write);

  const failures = results.filter(({ failure }) => failure !== undefined);
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${requests} requests failed: ${failures[0]?.failure}`);

  if (installed(mesh.addons.jaeger) !== undefined) await writeTrace(services, mesh.namespace, view, write);
  await writeRefusal(services, pods, write);
}

/** One request of those just sent, as its sidecars told the trace store. */
async function writeTrace(
  services: readonly Planned[],
  namespace: string,
  view: ClusterView,
  write: (line: string) => void,
): Promise<void> {
  const jaeger = (await view.pods(observabilityNamespace)).find(({ app }) => app === "jaeger");
  if (jaeger === undefined) throw new Error(`no pod of Jaeger runs in ${observabilityNamespace}`);
  const stages = services.map(({ stage }) => serviceName(stage));
  const { id, spans } = await traceOf(`http://${jaeger.ip}:16686`, stages, namespace);
  const slowest = Math.max(...spans.map(({ own }) => own));
  write(`\nOne request, as Jaeger tells it (trace ${id})`);
  write(
    table(
      ["", "in all", "by itself", ""],
      spans.map(({ stage, total, own }) => [
        stage,
        `${total.toFixed(1)} ms`,
        `${own.toFixed(1)} ms`,
        own === slowest ? "the slowest" : "",
      ]),
    ),
  );
}

function writeShares(services: readonly Planned[], results: readonly Result[], write: (line: string) => void): void {
  const rows = services.flatMap(({ stage, service }) => {
    const visits = visitsOf(results, stage.name);
    const counts = countVersions(visits);
    return service.versions.map(({ name, weight }) => {
      const seen = counts.get(name) ?? 0;
      const { share, low, high } = wilson(seen, visits.length);
      return [serviceName(stage), name, `${weight} %`, seen, percent(share), `${percent(low)} – ${percent(high)}`];
    });
  });
  write(table(["service", "version", "weight", "requests", "share", "95 % interval"], rows));
}

function writeLatencies(services: readonly Planned[], results: readonly Result[], write: (line: string) => void): void {
  const stages = services.map(({ stage }): [string, number[]] => [
    serviceName(stage),
    visitsOf(results, stage.name).map(({ ms }) => ms),
  ]);
  const rows = [...stages, ["whole request", results.map(({ ms }) => ms)] satisfies [string, number[]]].map(
    ([name, times]) => [name, ...[50, 90, 99].map((p) => `${percentile(times, p).toFixed(1)} ms`)],
  );
  write("\nTime in each stage");
  write(table(["", "P50", "P90", "P99"], rows));
}

async function writeRefusal(
  services: readonly Planned[],
  pods: Awaited<ReturnType<ClusterView["pods"]>>,
  write: (line: string) => void,
): Promise<void> {
  const target = services.at(-1);
  const pod = pods.find(({ app }) => target !== undefined && app === serviceName(target.stage));
  if (target === undefined || pod === undefined) throw new Error("no pod to call in plain text");
  const control = await plaintextRequest(`http://${pod.ip}:${istioPorts.ready}/healthz/ready`);
  const attempt = await plaintextRequest(`http://${pod.ip}:${target.stage.engine.port}/healthz`);
  write(`\nA caller outside the mesh, in plain text, to pod ${pod.name}`);
  write(`  the sidecar's health port (the way is open):  ${outcome(control)}`);
  write(`  ${serviceName(target.stage)} itself:  ${outcome(attempt)}`);
  if (!("refused" in attempt)) throw new Error("a plain-text request was answered; STRICT mTLS is not in force");
}

function outcome(attempt: Awaited<ReturnType<typeof plaintextRequest>>): string {
  return "refused" in attempt ? `refused (${attempt.refused})` : `HTTP ${attempt.status}`;
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}
