import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { countVersions, load, visitsOf, type Result } from "../../cli/demo/load.ts";
import { plaintextRequest } from "../../cli/demo/plaintext.ts";
import { expectedCount } from "../../cli/demo/statistics.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { statusFromPod } from "../support/exec.ts";
import { stackWith } from "../support/stack.ts";

const requests = 2000;
const deviations = 5;

describeOnLab("the pipeline on real sidecars", () => {
  let view: ClusterView;
  let kubeconfig: string;
  let results: Result[];

  beforeAll(async () => {
    const mesh = await localMesh();
    ({ kubeconfig, view } = mesh);
    const { url } = mesh;
    results = await load({ url, concurrency: 16, timeout: 60_000 }, (sent) => sent >= requests);
  });

  test("every request passes asr, llm, tts and face in this order", () => {
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    const orders = new Set(results.map(({ path }) => path.map(({ stage }) => stage).join(" ")));
    expect([...orders]).toEqual(["asr llm tts face"]);
    expect(results.length).toBe(requests);
  });

  test("the llm versions share the requests 90 to 10, within five standard deviations", () => {
    const counts = countVersions(visitsOf(results, "llm"));
    const canary = counts.get("v2-experiment") ?? 0;
    const { low, high } = expectedCount(0.1, requests, deviations);
    expect(canary).toBeGreaterThanOrEqual(low);
    expect(canary).toBeLessThanOrEqual(high);
    expect(counts.get("v1-stable")).toBe(requests - canary);
  });

  test("pods run on the nodes of their pool, each with a ready sidecar", async () => {
    const pods = await view.pods("linly");
    expect(pods.map(({ app, version, pool }) => `${app} ${version} ${pool}`).sort()).toEqual([
      "asr-service v1 cpu",
      "face-service v1 gpu",
      "llm-service v1-stable gpu",
      "llm-service v2-experiment gpu",
      "tts-service v1 gpu",
    ]);
    for (const pod of pods) {
      expect(pod.ready, pod.name).toContain("istio-proxy");
      expect(pod.node).toBe(pod.pool === "cpu" ? "cpu-1" : "gpu-1");
    }
    const nodes = new Set(visitsOf(results, "llm").map(({ node }) => node));
    expect([...nodes]).toEqual(["gpu-1"]);
  });

  test("plain text to any pod is refused, while its health port answers the same caller", async () => {
    const ports = { "asr-service": 8000, "llm-service": 8002, "tts-service": 8001, "face-service": 8003 };
    const pods = await view.pods("linly");
    expect(pods.length).toBe(5);
    for (const { app, ip, name } of pods) {
      const port = Object.entries(ports).find(([service]) => service === app)?.[1];
      expect(await plaintextRequest(`http://${ip}:15021/healthz/ready`), name).toEqual({ status: 200 });
      expect(await plaintextRequest(`http://${ip}:${port}/healthz`), name).toMatchObject({
        refused: expect.stringContaining("ECONNRESET"),
      });
    }
  });

  test.each([
    // from, to, port, status: what the pipeline's edges allow; all else ends in the caller's own sidecar
    ["asr-service", "llm-service", 8002, "200"],
    ["asr-service", "tts-service", 8001, "error: ECONNRESET"],
    ["asr-service", "face-service", 8003, "error: ECONNRESET"],
    ["tts-service", "face-service", 8003, "200"],
    ["tts-service", "llm-service", 8002, "error: ECONNRESET"],
    ["face-service", "asr-service", 8000, "error: ECONNRESET"],
  ])("a sidecar knows only the next stage: %s to %s:%i is %s", async (from, to, port, status) => {
    const pod = (await view.pods("linly")).find(({ app }) => app === from);
    if (pod === undefined) throw new Error(`no pod of ${from}`);
    const url = `http://${to}.linly.svc.cluster.local:${port}/voices`;
    const container = from.replace("-service", "");
    expect(await statusFromPod({ kubeconfig, namespace: "linly", pod: pod.name, container, url })).toBe(status);
  });

  test("a sidecar itself refuses what it does not know: a server without any TLS answers this machine and not a stage", async () => {
    const dns = (await view.pods("kube-system")).find(({ name }) => name.startsWith("coredns"));
    const asr = (await view.pods("linly")).find(({ app }) => app === "asr-service");
    if (dns === undefined || asr === undefined) throw new Error("no pod of coredns or asr-service");
    const url = `http://${dns.ip}:8181/ready`;
    expect(await plaintextRequest(url)).toEqual({ status: 200 });
    const from = { kubeconfig, namespace: "linly", pod: asr.name, container: "asr" };
    expect(await statusFromPod({ ...from, url })).toBe("error: ECONNRESET");
  });

  test("a second up, held to the project's policies, changes nothing", async () => {
    const { steps } = await applied(stackWith("local"), { policyPacks: [{ dir: join(projectDir, "policies") }] });
    const changes = steps.filter(({ outcome }) => !["same", "read", "register"].includes(outcome));
    expect(changes.map(({ title, outcome }) => `${title} ${outcome}`)).toEqual([]);
    expect(steps.filter(({ outcome }) => outcome === "same").length).toBeGreaterThan(30);
  });
});
