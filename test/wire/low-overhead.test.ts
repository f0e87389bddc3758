import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { load, type Result } from "../../cli/demo/load.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { keptStatistics } from "../../components/istio/proxy.ts";
import { ingressName } from "../../components/istio/values.ts";
import { changeStage } from "../support/exec.ts";
import { kubectl } from "../support/kubectl.ts";
import { localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";

const namespace = "linly";
const port = 8000;

/** What Envoy's admin interface tells of the process. */
const serverInfo = z.object({ command_line_options: z.object({ concurrency: z.number() }) });

/** What it tells of the hosts that it calls: numbers of which a nought is left out. */
const clusters = z.object({
  cluster_statuses: z.array(
    z.object({
      name: z.string(),
      host_statuses: z
        .array(z.object({ stats: z.array(z.object({ name: z.string(), value: z.coerce.number().default(0) })) }))
        .default([]),
    }),
  ),
});

describeOnLab("sidecars that do no more than is used", () => {
  let url: string;
  let kubeconfig: string;
  let asr: string;
  let gateway: string;

  beforeAll(async () => {
    const mesh = await localMesh();
    url = `http://${mesh.address}`;
    ({ kubeconfig } = mesh);
    asr = await podOf(mesh.view, namespace, "asr-service");
    gateway = await podOf(mesh.view, ingressName, ingressName);
  });

  afterAll(async () => {
    await failing(false);
  });

  function changed(behaviour: Record<string, unknown>): Promise<void> {
    return changeStage({ kubeconfig, namespace, pod: asr, container: "asr" }, port, behaviour);
  }

  function failing(fails: boolean): Promise<void> {
    return changed({ errorRate: fails ? 1 : 0, errorStatus: 503 });
  }

  /** How long asr takes for any request. */
  function slow(time: string): Promise<void> {
    return changed({ latencyMedian: time, latencyP99: time });
  }

  function sent(path: string, count: number, timeout = 60_000): Promise<Result[]> {
    return load({ url: `${url}${path}`, concurrency: 4, timeout }, (already) => already >= count);
  }

  /** What the admin interface of an Envoy answers: of asr's, unless another pod is named. */
  function admin(path: string, ofNamespace = namespace, pod = asr): Promise<string> {
    const request = ["pilot-agent", "request", "GET", path];
    return kubectl(kubeconfig, ["-n", ofNamespace, "exec", pod, "-c", "istio-proxy", "--", ...request]);
  }

  /** Connections that this Envoy has open to each replica of a stage that it has called. */
  async function connectionsTo(app: string, ofNamespace: string, pod: string): Promise<number[]> {
    const told = clusters.parse(JSON.parse(await admin("/clusters?format=json", ofNamespace, pod)));
    const subsets = told.cluster_statuses.filter(({ name }) => name.includes(`|${app}.`) && !name.includes("||"));
    const counts = subsets.flatMap(({ host_statuses }) =>
      host_statuses.map(({ stats }) => stats.find(({ name }) => name === "cx_active")?.value ?? 0),
    );
    return counts.filter((count) => count > 0);
  }

  test("a whole core is one worker thread", async () => {
    const limit = await kubectl(kubeconfig, [
      ...["-n", namespace, "get", "pod", asr],
      ...["-o", 'jsonpath={.spec.initContainers[?(@.name=="istio-proxy")].resources.limits.cpu}'],
    ]);
    expect(limit).toMatch(/^1(000m)?$/);
    expect(serverInfo.parse(JSON.parse(await admin("/server_info"))).command_line_options.concurrency).toBe(1);
  });

  test("requests side by side share one connection, but for a stage that takes WebSockets", async () => {
    const results = await load(
      { url: `${url}/v1/audio/transcriptions`, concurrency: 8, timeout: 60_000 },
      (n) => n >= 80,
    );
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    const toLlm = await connectionsTo("llm-service", namespace, asr);
    expect(toLlm.length).toBeGreaterThan(0);
    expect(new Set(toLlm)).toEqual(new Set([1]));
    // The control: HTTP/1.1 takes a connection for each request under way.
    const [toAsr = 0] = await connectionsTo("asr-service", ingressName, gateway);
    expect(toAsr).toBeGreaterThan(1);
  });

  test("of the calls to other stages what is used is counted, and no more", async () => {
    expect((await sent("/v1/audio/transcriptions", 20)).filter(({ failure }) => failure !== undefined)).toEqual([]);
    const names = (await admin("/stats?filter=^cluster\\.outbound")).split("\n").flatMap((line) => {
      const name = /;\.(?<name>[\w.]+): /.exec(line)?.groups?.["name"];
      return name === undefined ? [] : [name];
    });
    // A stage of one replica has no breaker that could eject it, and counts nothing of it.
    expect(new Set(names)).toEqual(new Set(keptStatistics.filter((name) => !name.startsWith("outlier_detection."))));
    // What Prometheus reads are the same.
    const read = await admin("/stats/prometheus");
    expect(read).toContain("envoy_cluster_upstream_rq_retry{");
    expect(read).toContain("envoy_server_live");
  });

  test("an answer leaves no line in the log, an error does, at each sidecar and gateway on its way", async () => {
    expect((await sent("/generate?answered", 8)).filter(({ failure }) => failure !== undefined)).toEqual([]);
    await slow("30s");
    expect((await sent("/generate?given-up", 1, 1000))[0]?.failure).toBeDefined();
    await slow("8ms");
    await failing(true);
    expect((await sent("/generate?failed", 3)).map(({ failure }) => failure)).toEqual(
      Array.from({ length: 3 }, () => expect.stringMatching(/^503/)),
    );
    // Lines are in the order of the requests' ends: what stands before the last one is all there will be.
    for (const [ofNamespace, pod] of [
      [namespace, asr],
      [ingressName, gateway],
    ] as const) {
      const lines = () => linesOf(ofNamespace, pod);
      await expect
        .poll(async () => (await lines()).filter((line) => line.startsWith("/generate?failed")), { timeout: 30_000 })
        .toEqual(Array.from({ length: 3 }, () => "/generate?failed 503 -"));
      expect((await lines()).filter((line) => line.startsWith("/generate?given-up"))).toEqual([
        "/generate?given-up 0 DC",
      ]);
      expect((await lines()).filter((line) => line.startsWith("/generate?answered"))).toEqual([]);
    }
  });

  /** Path, code and flags of what a proxy has logged of the requests that came to it. */
  async function linesOf(ofNamespace: string, pod: string): Promise<string[]> {
    const log = await kubectl(kubeconfig, ["-n", ofNamespace, "logs", pod, "-c", "istio-proxy"]);
    return [...log.matchAll(/^\[[^\]]+\] "\w+ (\S+) HTTP\/\S+" (\d+) (\S+) /gm)].map(
      ([, path, code, flags]) => `${path} ${code} ${flags}`,
    );
  }
});

async function podOf(view: ClusterView, namespace: string, app: string): Promise<string> {
  const pod = (await view.pods(namespace)).find((candidate) => candidate.app === app);
  if (pod === undefined) throw new Error(`no pod of ${app}`);
  return pod.name;
}
