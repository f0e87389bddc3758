import { ApiException, CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { load } from "../../cli/demo/load.ts";
import type { Json, JsonObject } from "../../engine/index.ts";
import { waitFor } from "../../lab/wait.ts";
import { localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { at } from "../support/plan.ts";

const namespace = "cert-manager";
const api = { group: "cert-manager.io", version: "v1", namespace };
const issuers = { ...api, plural: "issuers" };
const certificates = { ...api, plural: "certificates" };
const issuer = {
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { name: "self-signed", namespace },
  spec: { selfSigned: {} },
};

describeOnLab("add-ons that run for real", () => {
  let view: ClusterView;
  let address: string;
  let objects: CustomObjectsApi;

  beforeAll(async () => {
    const mesh = await localMesh();
    ({ view, address } = mesh);
    const config = new KubeConfig();
    config.loadFromFile(mesh.lab.kubeconfig);
    config.setCurrentContext("local");
    objects = config.makeApiClient(CustomObjectsApi);
  });

  afterAll(async () => {
    await objects.deleteNamespacedCustomObject({ ...certificates, name: "signed" });
    await objects.deleteNamespacedCustomObject({ ...issuers, name: "self-signed" });
  });

  test("cert-manager's issuer signs a certificate", async () => {
    await objects.createNamespacedCustomObject({ ...issuers, body: issuer });
    await objects.createNamespacedCustomObject({ ...certificates, body: certificate("signed", "2h0m0s") });
    await waitFor("the certificate is ready", { seconds: 60 }, async () => {
      const found: Json = await objects.getNamespacedCustomObject({ ...certificates, name: "signed" });
      return at(found, "status", "conditions", 0, "status") === "True" || "it is not";
    });
  });

  test("its webhook refuses a certificate that would last a minute", async () => {
    const refused = objects.createNamespacedCustomObject({ ...certificates, body: certificate("brief", "1m0s") });
    await expect(refused).rejects.toBeInstanceOf(ApiException);
    await expect(refused).rejects.toThrow(/webhook\.cert-manager\.io.*spec\.duration/s);
  });

  test("Prometheus reads every pod of the pipeline", async () => {
    const pods = (await view.pods("linly")).map(({ name }) => name).sort();
    const prometheus = await podOf("prometheus");
    await waitFor("all pods are read", { seconds: 90 }, async () => {
      const answer = await json(
        `http://${prometheus}:9090/api/v1/query?query=${encodeURIComponent('up{namespace="linly"}')}`,
      );
      const up = list(answer, "data", "result").map(
        (one) => `${String(at(one, "metric", "pod"))} ${String(at(one, "value", 1))}`,
      );
      const read = [...new Set(up)].sort();
      return JSON.stringify(read) === JSON.stringify(pods.map((pod) => `${pod} 1`)) || read.join(", ");
    });
  });

  test("a request is one trace over all four stages in Jaeger", async () => {
    const url = `http://${address}/v1/audio/transcriptions`;
    const results = await load({ url, concurrency: 4, timeout: 60_000 }, (sent) => sent >= 20);
    expect(results.filter(({ failure }) => failure !== undefined)).toEqual([]);
    const jaeger = await podOf("jaeger");
    const services = ["asr", "llm", "tts", "face"];
    await waitFor("a trace of four stages", { seconds: 60 }, async () => {
      const known = list(await json(`http://${jaeger}:16686/api/services`), "data").map(String);
      const first = known.find((name) => name.startsWith("asr"));
      if (first === undefined) return `only ${known.join(", ")}`;
      const traces = list(await json(`http://${jaeger}:16686/api/traces?service=${first}`), "data");
      const stages = traces.map((trace) => JSON.stringify(at(trace, "processes")));
      return stages.some((text) => services.every((name) => text.includes(`"${name}-service`))) || "none yet";
    });
  });

  async function podOf(app: string): Promise<string> {
    const pod = (await view.pods("observability")).find((one) => one.app === app);
    if (pod === undefined) throw new Error(`no pod of ${app}`);
    return pod.ip;
  }
});

function certificate(name: string, duration: string): JsonObject {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace },
    spec: {
      secretName: name,
      duration,
      renewBefore: "1h0m0s",
      dnsNames: [`${name}.example.com`],
      issuerRef: { name: issuer.metadata.name },
    },
  };
}

async function json(url: string): Promise<Json> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  const answer: Json = await response.json();
  return answer;
}

function list(answer: Json, ...path: readonly string[]): readonly Json[] {
  const found = at(answer, ...path);
  return Array.isArray(found) ? found : [];
}
