import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { printedIn, type Container } from "../support/exec.ts";
import { kubectl } from "../support/kubectl.ts";
import { localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";

const stages = ["asr", "llm", "tts", "face"];
/** Namespaces whose pods are ours, and what is not: Istio's CNI agent reaches into its node. */
const namespaces = ["linly", "istio-ingress", "istio-system", "observability", "cert-manager"];

/** A pod that asks for nothing: what Kubernetes gives to whoever does not refuse it. */
const loose = { kubeconfig: "", namespace: "loose", pod: "loose", container: "loose" };
const looseObjects = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: loose.namespace, labels: { "istio-injection": "disabled" } },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "loose", namespace: loose.namespace } },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: loose.pod, namespace: loose.namespace },
      spec: {
        serviceAccountName: "loose",
        nodeSelector: { "linly-mesh/pool": "cpu" },
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: loose.container,
            image: "localhost/linly-mesh/simulator:lab",
            imagePullPolicy: "IfNotPresent",
            command: ["node", "-e", "setInterval(() => undefined, 2 ** 30)"],
            securityContext: { runAsUser: 0 },
          },
        ],
      },
    },
  ],
});

/** What a process finds about itself: where it can write, its token, and what the kernel lets it do. */
const probe = `
  const { readFileSync, unlinkSync, writeFileSync } = require("node:fs");
  const tried = (work) => { try { work(); return "ok"; } catch (error) { return error.code; } };
  const write = (folder) => tried(() => { const file = folder + "/tried"; writeFileSync(file, "x"); unlinkSync(file); });
  const status = Object.fromEntries(readFileSync("/proc/1/status", "utf8").split("\\n").map((line) => line.split(/:\\s+/)));
  const capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => BigInt("0x" + status[name]));
  const root = readFileSync("/proc/self/mountinfo", "utf8").split("\\n").map((line) => line.split(" ")).find((mount) => mount[4] === "/");
  console.log(JSON.stringify({
    root: root[5].split(",")[0],
    writes: { "/": write("/"), "/simulator": write("/simulator"), "/tmp": write("/tmp") },
    token: tried(() => readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/token")),
    uid: Number(status.Uid.split("\\t")[0]),
    seccomp: Number(status.Seccomp),
    noNewPrivileges: Number(status.NoNewPrivs),
    hasCapabilities: capabilities.some((set) => set !== 0n),
  }));
`;
const found = z.object({
  root: z.enum(["ro", "rw"]),
  writes: z.object({ "/": z.string(), "/simulator": z.string(), "/tmp": z.string() }),
  token: z.string(),
  uid: z.number(),
  seccomp: z.number(),
  noNewPrivileges: z.number(),
  hasCapabilities: z.boolean(),
});

const container = z.object({
  name: z.string(),
  securityContext: z.record(z.string(), z.unknown()).default({}),
  volumeMounts: z.array(z.object({ mountPath: z.string() })).default([]),
});
const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({
        securityContext: z.record(z.string(), z.unknown()).default({}),
        initContainers: z.array(container).default([]),
        containers: z.array(container),
      }),
    }),
  ),
});

describeOnLab("what a pod of the mesh may do", () => {
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ kubeconfig, view } = await localMesh());
    await kubectl(kubeconfig, ["apply", "--filename", "-"], looseObjects);
    const ready = ["--for", "condition=Ready", "--timeout", "60s"];
    await kubectl(kubeconfig, ["wait", `pod/${loose.pod}`, "--namespace", loose.namespace, ...ready]);
  });

  afterAll(async () => {
    await kubectl(kubeconfig, ["delete", "--wait=false", "--filename", "-"], looseObjects);
  });

  async function foundIn(where: Container) {
    return found.parse(JSON.parse(await printedIn(where, probe)));
  }

  async function podsIn(namespace: string) {
    return pods.parse(JSON.parse(await kubectl(kubeconfig, ["get", "pods", "--namespace", namespace, "-o", "json"])))
      .items;
  }

  test.each(stages)("%s writes to its scratch alone, has no token, and the kernel gives it nothing", async (stage) => {
    const pod = (await view.pods("linly")).find(({ app }) => app === `${stage}-service`);
    if (pod === undefined) throw new Error(`no pod of ${stage}`);
    expect(await foundIn({ kubeconfig, namespace: "linly", pod: pod.name, container: stage })).toEqual({
      root: "ro",
      writes: { "/": "EROFS", "/simulator": "EROFS", "/tmp": "ok" },
      token: "ENOENT",
      uid: 1000,
      seccomp: 2,
      noNewPrivileges: 1,
      hasCapabilities: false,
    });
  });

  test("the control: a pod that refuses nothing has all of it", async () => {
    expect(await foundIn({ ...loose, kubeconfig })).toMatchObject({
      root: "rw",
      writes: { "/": "ok", "/simulator": "ok" },
      token: "ok",
      uid: 0,
      seccomp: 0,
      noNewPrivileges: 0,
      hasCapabilities: true,
    });
  });

  test.each(namespaces)(
    "every container in %s gives up what it does not need, the injected ones included",
    async (namespace) => {
      const all = (await podsIn(namespace)).flatMap(({ metadata, spec }) =>
        [...spec.initContainers, ...spec.containers].map((one) => ({
          name: `${metadata.labels["app"] ?? ""} ${one.name}`,
          context: { ...spec.securityContext, ...one.securityContext },
        })),
      );
      expect(all.length).toBeGreaterThan(0);
      for (const { name, context } of all) {
        expect(context, name).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          seccompProfile: { type: "RuntimeDefault" },
        });
        expect(context, name).not.toMatchObject({ capabilities: { add: [expect.anything()] } });
      }
    },
  );

  test("a token for the API server is where somebody talks to it, and nowhere else", async () => {
    const holders = new Set<string>();
    for (const namespace of namespaces)
      for (const { metadata, spec } of await podsIn(namespace))
        for (const { name, volumeMounts } of [...spec.initContainers, ...spec.containers])
          if (volumeMounts.some(({ mountPath }) => mountPath === "/var/run/secrets/kubernetes.io/serviceaccount"))
            holders.add(`${namespace} ${metadata.labels["app"] ?? ""} ${name}`);
    expect([...holders].sort()).toEqual([
      "cert-manager cainjector cert-manager-cainjector",
      "cert-manager cert-manager cert-manager-controller",
      "cert-manager webhook cert-manager-webhook",
      // Its chart leaves it no choice.
      "istio-ingress istio-ingress istio-proxy",
      "istio-system istiod discovery",
      "observability prometheus prometheus",
    ]);
  });
});
