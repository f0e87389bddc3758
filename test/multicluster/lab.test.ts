import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ClusterView } from "../../cli/demo/cluster-view.ts";
import { projectDir } from "../../cli/project.ts";
import { labStatus, stopHosts } from "../../lab/lab.ts";
import { localLab, multiclusterLab, type LabState } from "../../lab/spec.ts";
import { bareContainer, startBarePods } from "../support/bare-pods.ts";
import { ended, linlyMesh } from "../support/command.ts";
import { printedIn } from "../support/exec.ts";
import { requestScript, statusFromHost } from "../support/hosts.ts";
import { kubectl } from "../support/kubectl.ts";
import { startedLab } from "../support/lab.ts";
import { longTest } from "../support/long.ts";
import { describeOnLab } from "../support/on-lab.ts";

const [north, east] = ["north", "east"] as const;
const pairs = [
  [north, east],
  [east, north],
] as const;
const namespace = "crossing";
const pod = "answers";
const port = 8080;

/** The pod's Service with an address that others than the cluster reach. */
const balanced = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace, name: "balanced" },
  spec: { type: "LoadBalancer", selector: { pod }, ports: [{ port }] },
};

/** For a pod whose machine was replaced. */
const waiting = { timeout: 120_000, interval: 500 };

describeOnLab("two clusters on one machine", () => {
  let lab: LabState;
  /** Of the pod in each cluster, as its API server gave it. */
  const uids = new Map<string, string>();

  beforeAll(async () => {
    lab = await startedLab(multiclusterLab);
    await Promise.all(
      [north, east].map(async (cluster) => {
        await kubectl(lab.kubeconfig, ["--context", cluster, "create", "namespace", namespace]);
        await startBarePods(lab.kubeconfig, [{ namespace, name: pod, serves: port }], cluster);
        await kubectl(lab.kubeconfig, ["--context", cluster, "apply", "--filename", "-"], JSON.stringify(balanced));
        uids.set(cluster, (await podIn(cluster)).uid);
      }),
    );
  });

  afterAll(async () => {
    await startedLab(multiclusterLab);
    await Promise.all(
      [north, east].map((cluster) =>
        kubectl(lab.kubeconfig, ["--context", cluster, "delete", "namespace", namespace, "--ignore-not-found"]),
      ),
    );
  });

  function apiOf(cluster: string): CoreV1Api {
    const config = new KubeConfig();
    config.loadFromFile(lab.kubeconfig);
    config.setCurrentContext(cluster);
    return config.makeApiClient(CoreV1Api);
  }

  /** As the API server knows it; between two lives of its containers a pod has no address. */
  async function podIn(cluster: string): Promise<{ uid: string; url: string | undefined }> {
    const { metadata, status } = await apiOf(cluster).readNamespacedPod({ namespace, name: pod });
    if (metadata?.uid === undefined) throw new Error(`${cluster} has no pod ${pod}`);
    const { podIP } = status ?? {};
    return { uid: metadata.uid, url: podIP === undefined ? undefined : `http://${podIP}:${port}/` };
  }

  async function podUrl(cluster: string): Promise<string> {
    const { url } = await podIn(cluster);
    if (url === undefined) throw new Error(`pod ${pod} of ${cluster} has no address`);
    return url;
  }

  async function balancedUrl(cluster: string): Promise<string> {
    const view = new ClusterView(lab.kubeconfig, cluster);
    return `http://${await view.loadBalancerAddress(namespace, balanced.metadata.name)}:${port}/`;
  }

  function statusFromPodIn(cluster: string, url: string): Promise<string> {
    const container = { kubeconfig: lab.kubeconfig, context: cluster, namespace, pod, container: bareContainer };
    return printedIn(container, requestScript(url));
  }

  /** What a request gets that the machine itself sends. */
  async function statusFromMachine(url: string): Promise<string> {
    return (await ended(process.execPath, ["--eval", requestScript(url)])).stdout.trim();
  }

  test.each([north, east])("%s is a cluster of its region, with a node in each of its zones", async (cluster) => {
    const { items } = await apiOf(cluster).listNode();
    const labels = items.map(({ metadata }) => metadata?.labels ?? {});
    expect(
      labels.map((of) => [
        of["kubernetes.io/hostname"],
        of["topology.kubernetes.io/region"],
        of["topology.kubernetes.io/zone"],
        of["linly-mesh/pool"],
      ]),
    ).toEqual([
      ["cpu-1", `cn-${cluster}`, `cn-${cluster}-a`, "cpu"],
      ["gpu-1", `cn-${cluster}`, `cn-${cluster}-b`, "gpu"],
    ]);
    expect(lab.clusters.find(({ name }) => name === cluster)?.nodes).toEqual([
      { name: "cpu-1", ready: true },
      { name: "gpu-1", ready: true },
    ]);
    const gpus = items.map(({ status }) => status?.allocatable?.["nvidia.com/gpu"] ?? "0");
    expect(gpus).toEqual(["0", "8"]);
  });

  test.each(pairs)("from hosts and pods of %s the API server of %s answers, and is none other", async (from, to) => {
    const config = new KubeConfig();
    config.loadFromFile(lab.kubeconfig);
    const caOf = (name: string) => Buffer.from(config.getCluster(name)?.caData ?? "", "base64").toString();
    const url = `${config.getCluster(to)?.server}/version`;
    for (const host of ["control-plane", "cpu-1", "gpu-1"]) {
      expect(await statusFromHost(lab, `${from}/${host}`, url, caOf(to))).toBe("200");
    }
    expect(await statusFromHost(lab, `${from}/cpu-1`, url, caOf(from))).toMatch(/^error: .*(CERT|SIGNATURE)/);
    expect(await statusFromPodIn(from, url)).toMatch(/^error: .*(CERT|SIGNATURE)/); // it answers, with its certificate
  });

  test.each(pairs)("no way leads from %s to a pod of %s, but all ways to its own", async (from, to) => {
    const [own, other] = [await podUrl(from), await podUrl(to)];
    expect(await statusFromPodIn(from, own)).toBe("200");
    expect(await statusFromPodIn(from, other)).toMatch(/^error: E(NET|HOST)UNREACH/);
    for (const host of ["control-plane", "cpu-1", "gpu-1"]) {
      expect(await statusFromHost(lab, `${from}/${host}`, own)).toBe("200");
      expect(await statusFromHost(lab, `${from}/${host}`, other)).toMatch(/^error: E(NET|HOST)UNREACH/);
    }
    // The control: that pod answers whom a way leads to it.
    expect(await statusFromMachine(other)).toBe("200");
  });

  test.each(pairs)("hosts and pods of %s reach the load balancer of %s", async (from, to) => {
    const url = await balancedUrl(to);
    expect(await statusFromPodIn(from, url)).toBe("200");
    for (const host of ["control-plane", "cpu-1", "gpu-1"]) {
      expect(await statusFromHost(lab, `${from}/${host}`, url)).toBe("200");
    }
    const nobody = url.replace(/\.\d+:/, ".250:");
    expect(await statusFromPodIn(from, nobody)).toMatch(/^error: /);
  });

  test("another lab waits until this one is taken down, and says so before anything is built", async () => {
    const refusal = /the lab "multicluster" is on this machine.*Take that one down first: npx linly-mesh lab down/;
    await expect(startedLab(localLab)).rejects.toThrow(refusal);
    const { code, stdout, stderr } = await ended(process.execPath, [join(projectDir, "cli/start.ts")]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(refusal);
  });

  test("only what is there can be stopped", async () => {
    await expect(stopHosts(multiclusterLab.name, "west")).rejects.toThrow(
      'has no "west"; it has north, north/control-plane, north/cpu-1, north/gpu-1, east, east/control-plane',
    );
    const [command, ...args] = linlyMesh("lab", "stop", "east/cpu-9");
    const { code, stderr } = await ended(command, args);
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no "east/cpu-9"')]);
    expect(await inspected()).toEqual({ healthy: true, north: 3, east: 3, northApi: true, eastApi: true });
  });

  longTest(
    "a cluster serves on without its control plane, and nothing when lost whole; it comes back with what etcd held",
    async () => {
      const [here, there] = [await balancedUrl(north), await balancedUrl(east)];
      expect(await stopHosts(multiclusterLab.name, east, "control-plane")).toEqual(["east/control-plane"]);
      expect(await inspected()).toEqual({ healthy: false, north: 3, east: 2, northApi: true, eastApi: false });
      expect(await statusFromHost(lab, "north/gpu-1", there)).toBe("200");
      await expect(podIn(east)).rejects.toThrow();

      expect(await stopHosts(multiclusterLab.name, east)).toEqual(["east/control-plane", "east/cpu-1", "east/gpu-1"]);
      expect(await inspected()).toEqual({ healthy: false, north: 3, east: 0, northApi: true, eastApi: false });
      expect(await statusFromHost(lab, "north/gpu-1", there)).toMatch(/^error: /);
      expect(await statusFromPodIn(north, there)).toMatch(/^error: /);
      expect(await statusFromPodIn(north, here)).toBe("200");
      expect(await statusFromMachine(here)).toBe("200");
      const [command, ...args] = linlyMesh("lab", "status");
      expect((await ended(command, args)).stdout).toMatch(
        /not healthy; linly-mesh lab up local-multicluster repairs it/,
      );

      const before = lab;
      lab = await startedLab(multiclusterLab);
      expect(unchangedHosts(before, lab)).toEqual(before.hosts.filter(({ name }) => !name.startsWith(east)));
      expect((await podIn(east)).uid).toBe(uids.get(east));
      expect(await balancedUrl(east)).toBe(there);
      // The pod is the same to the API server; its containers are new ones on a new machine.
      await vi.waitFor(async () => expect(await statusFromHost(lab, "north/gpu-1", there)).toBe("200"), waiting);
      await vi.waitFor(async () => expect(await statusFromPodIn(north, there)).toBe("200"), waiting);
    },
  );

  /** How many hosts of each cluster live, and whether its API server answers. */
  async function inspected(): Promise<object> {
    const state = await labStatus(multiclusterLab.name);
    const living = (cluster: string) =>
      state?.hosts.filter(({ name, pid }) => name.startsWith(`${cluster}/`) && pid !== undefined).length;
    const answers = (cluster: string) => state?.clusters.find(({ name }) => name === cluster)?.apiReady;
    return {
      healthy: state?.healthy,
      north: living(north),
      east: living(east),
      northApi: answers(north),
      eastApi: answers(east),
    };
  }
});

function unchangedHosts(before: LabState, after: LabState): LabState["hosts"] {
  return after.hosts.filter(({ name, pid }) => before.hosts.some((host) => host.name === name && host.pid === pid));
}
