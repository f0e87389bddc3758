import { createPublicKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { DetailedPeerCertificate } from "node:tls";
import { gunzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { plaintextRequest } from "../../cli/demo/plaintext.ts";
import type { ClusterView, PodView } from "../../cli/demo/cluster-view.ts";
import { failuresOf } from "../../cli/demo/load.ts";
import { restrictedContainer, restrictedPod } from "../../components/security/pod.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { waitFor } from "../../lab/wait.ts";
import { listeningPorts } from "../support/exec.ts";
import { kubectl, restarted, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { longTest } from "../support/long.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { planOf, stackWith } from "../support/stack.ts";
import { workloadCertificate } from "../support/certificates.ts";
import { renewNow, secretPart, shakeHands, statusFor } from "../support/tls.ts";
import { trafficDuring } from "../support/traffic.ts";

const hours = 3_600_000;

/** istiod dates a certificate back, for clocks that are behind its own. */
const backdated = 2 * 60_000;

/** What a sidecar answers by itself, without a word of the stage: metrics, its health, its own metrics. */
const ownPorts = [15020, 15021, 15090];

/** A pod whose sidecar asks for certificates of a day, whatever the mesh says. */
const askingForADay = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    ...{ name: "asking-for-a-day", namespace: "linly" },
    annotations: { "proxy.istio.io/config": JSON.stringify({ proxyMetadata: { SECRET_TTL: "24h" } }) },
  },
  spec: {
    automountServiceAccountToken: false,
    securityContext: restrictedPod,
    containers: [
      {
        name: "main",
        image: "localhost/linly-mesh/simulator:lab",
        securityContext: restrictedContainer({ user: undefined }),
      },
    ],
  },
};

describeOnLab("the mesh's trust", () => {
  let kubeconfig: string;
  let url: string;
  let view: ClusterView;
  let root: string;

  beforeAll(async () => {
    ({ kubeconfig, url, view } = await localMesh());
    root = await secretPart(kubeconfig, "istio-system", "mesh-root", "tls.crt");
  });

  /** The sidecar's certificate and those it came with, the leaf first. */
  async function chainOf(pod: PodView, port: number, ca = root) {
    const shaken = await shakeHands({ address: pod.ip, port, ca, alpn: ["istio"] });
    if ("refused" in shaken) throw new Error(`${pod.name} refused to shake hands: ${shaken.refused}`);
    return { distrust: shaken.distrust, chain: chain(shaken.certificate) };
  }

  function istiodLog(): Promise<string> {
    return kubectl(kubeconfig, ["--namespace", "istio-system", "logs", "deployment/istiod"]);
  }

  /** What Helm keeps of each release, unpacked. */
  async function releases(): Promise<string> {
    const query = ["get", "secrets", "--all-namespaces", "--selector", "owner=helm", "--output"];
    const list = await kubectl(kubeconfig, [...query, 'jsonpath={range .items[*]}{.data.release}{"\\n"}{end}']);
    const unpacked = list
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const packed = Buffer.from(Buffer.from(line, "base64").toString("utf8"), "base64");
        return gunzipSync(packed).toString("utf8");
      });
    return unpacked.join("\n");
  }

  async function podOf(app: string): Promise<PodView> {
    const pod = (await view.pods("linly")).find((one) => one.app === app);
    if (pod === undefined) throw new Error(`no pod of ${app}`);
    return pod;
  }

  test("every workload has its identity from the intermediate of its cluster, and that from the root", async () => {
    const ports = { "asr-service": 8000, "llm-service": 8002, "tts-service": 8001, "face-service": 8003 };
    const intermediate = new X509Certificate(await secretPart(kubeconfig, "istio-system", "cacerts", "tls.crt"));
    expect(intermediate.verify(createPublicKey(root))).toBe(true);
    const pods = await view.pods("linly");
    expect(pods.length).toBe(5);
    for (const pod of pods) {
      const port = Object.entries(ports).find(([app]) => app === pod.app)?.[1] ?? 0;
      const { distrust, chain } = await chainOf(pod, port);
      expect(distrust, pod.name).toBeUndefined();
      const [leaf, signer] = chain;
      expect(leaf?.subjectaltname).toBe(`URI:spiffe://cluster.local/ns/linly/sa/${pod.app}`);
      expect(signer?.serialNumber).toBe(intermediate.serialNumber);
      expect(lifetime(leaf)).toBe(24 * hours + backdated);
      // The control: who trusts another CA of the same cluster believes none of them.
      const other = await secretPart(kubeconfig, "cert-manager", "cert-manager-webhook-ca", "ca.crt");
      expect((await chainOf(pod, port, other)).distrust).toBeDefined();
    }
  });

  test("plain text is refused on every port of every pod; the control: the sidecar's own health port", async () => {
    for (const pod of await view.pods("linly")) {
      const container = pod.app.replace("-service", "");
      const open = await listeningPorts({ kubeconfig, namespace: "linly", pod: pod.name, container });
      // The stage's own port and the sidecar's; on no port is there anything that nobody looked at.
      expect(open.length, pod.name).toBeGreaterThan(ownPorts.length);
      for (const port of open) {
        const attempt = await plaintextRequest(`http://${pod.ip}:${port}/healthz/ready`);
        const expected = ownPorts.includes(port)
          ? { status: expect.any(Number) }
          : { refused: expect.stringContaining("ECONNRESET") };
        expect(attempt, `${pod.name}:${port}`).toMatchObject(expected);
      }
      expect(await plaintextRequest(`http://${pod.ip}:15021/healthz/ready`), pod.name).toEqual({ status: 200 });
    }
  });

  test("a certificate that is not valid yet, or no more, opens no connection; the control: one within its time", async () => {
    const issuer = {
      key: await secretPart(kubeconfig, "istio-system", "cacerts", "tls.key"),
      cert: await secretPart(kubeconfig, "istio-system", "cacerts", "tls.crt"),
    };
    const asr = { address: (await podOf("asr-service")).ip, port: 8000, path: "/talk" };
    const gateway = "spiffe://cluster.local/ns/istio-ingress/sa/istio-ingress";
    const shown = (from: number, to: number) =>
      statusFor(asr, workloadCertificate(gateway, [fromNow(from), fromNow(to)], issuer));
    expect(await shown(-1, 1)).toBe("200");
    expect(await shown(0.1, 1)).toMatch(/CERTIFICATE/);
    expect(await shown(-1, -0.1)).toMatch(/CERTIFICATE_EXPIRED/);
  });

  test("the intermediate is renewed under load, without a restart of istiod and without a lost request", async () => {
    const istiod = () =>
      kubectl(kubeconfig, [
        "-n",
        "istio-system",
        "get",
        "pods",
        "-l",
        "app=istiod",
        "-o",
        "jsonpath={.items[*].metadata.uid}",
      ]);
    const [uid, before] = [await istiod(), await secretPart(kubeconfig, "istio-system", "cacerts", "tls.crt")];
    const results = await trafficDuring({ url }, async () => {
      await renewNow(kubeconfig, "istio-system", "cacerts");
      await waitFor("there is a new intermediate", { seconds: 60 }, async () => {
        const now = await secretPart(kubeconfig, "istio-system", "cacerts", "tls.crt");
        return now !== before || "the old one";
      });
      const intermediate = new X509Certificate(await secretPart(kubeconfig, "istio-system", "cacerts", "tls.crt"));
      // The kubelet writes a Secret into a pod once a minute, and whenever the pod itself changes.
      await kubectl(kubeconfig, [
        "-n",
        "istio-system",
        "annotate",
        "pods",
        "-l",
        "app=istiod",
        "--overwrite",
        `linly.test/touched=${Date.now()}`,
      ]);
      await waitFor("istiod has read it", { seconds: 120 }, async () => {
        const log = await istiodLog();
        return log.includes("Istiod has detected the newly added intermediate CA") || "not yet";
      });
      await restarted(kubeconfig, "linly", "face-service-v1");
      const { distrust, chain } = await chainOf(await podOf("face-service"), 8003);
      expect(distrust).toBeUndefined();
      expect(chain[1]?.serialNumber).toBe(intermediate.serialNumber);
      // Its caller still has what the intermediate of before signed; each believes the other by the root.
      const caller = await chainOf(await podOf("tts-service"), 8001);
      expect(caller.chain[1]?.serialNumber).toBe(new X509Certificate(before).serialNumber);
    });
    expect(failuresOf(results)).toEqual([]);
    expect(await istiod()).toBe(uid);
  });

  longTest("a lifetime of the stack's own: pods are made anew with it, and istiod signs for no longer", async () => {
    await applied(stackWith("local", (mesh) => withTtl(mesh, "2h")));
    const { chain } = await chainOf(await podOf("face-service"), 8003);
    expect(lifetime(chain[0])).toBe(2 * hours + backdated);
    await withObjects(kubeconfig, [askingForADay], () =>
      waitFor("istiod refuses a pod that asks for more", { seconds: 60 }, async () => {
        const log = await istiodLog();
        return log.includes("requested TTL 24h0m0s is greater than the max allowed TTL 2h0m0s") || "not yet";
      }),
    );
  });

  test("no private key is in the engine's records, in Helm's, in what an up or a preview tells, in logs or arguments", async () => {
    const keys = await Promise.all(
      ["mesh-root", "cacerts"].map((name) => secretPart(kubeconfig, "istio-system", name, "tls.key")),
    );
    const { steps, outputs } = await applied(stackWith("local"));
    const plan = await planOf(stackWith("local"));
    const places: Record<string, string> = {
      up: JSON.stringify({ steps, outputs }),
      preview: JSON.stringify(plan),
      records: await kubectl(kubeconfig, ["-n", "kube-system", "get", "configmaps,leases", "-o", "json"]),
      releases: await releases(),
      processes: commandLines(),
      istiod: await istiodLog(),
      certManager: await kubectl(kubeconfig, ["-n", "cert-manager", "logs", "deployment/cert-manager"]),
      pods: await kubectl(kubeconfig, ["get", "pods", "--all-namespaces", "-o", "json"]),
    };
    const control = await kubectl(kubeconfig, ["-n", "istio-system", "get", "secrets", "-o", "json"]);
    for (const key of keys) {
      expect(holds(control, key), "the control: where it is, it is found").toBe(true);
      for (const [place, text] of Object.entries(places)) {
        expect(text.length, place).toBeGreaterThan(100);
        expect(holds(text, key), place).toBe(false);
      }
    }
  });
});

/** So many hours from now, as certificates have it. */
function fromNow(inHours: number): string {
  const date = new Date(Date.now() + inHours * hours);
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
}

/** The arguments of every process that this one can see: with a lab on the same machine, all of the lab's. */
function commandLines(): string {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  // A process may have ended since.
  return processes.flatMap((name) => readIfThere(`/proc/${name}/cmdline`)).join("\n");
}

function readIfThere(file: string): string[] {
  try {
    return [readFileSync(file, "utf8")];
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ESRCH"].includes(String(error.code))) return [];
    throw error;
  }
}

/** Whether a text has any line of a key in it, as it is or as a Secret holds it. */
function holds(text: string, key: string): boolean {
  const lines = key.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));
  return [...lines, Buffer.from(key).toString("base64")].some((needle) => text.includes(needle));
}

function chain(first: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const found = [first];
  for (let next = first.issuerCertificate; next !== undefined && !found.includes(next); next = next.issuerCertificate) {
    found.push(next);
  }
  return found;
}

function lifetime(certificate: DetailedPeerCertificate | undefined): number {
  return Date.parse(certificate?.valid_to ?? "") - Date.parse(certificate?.valid_from ?? "");
}

function withTtl(mesh: MeshConfig, ttl: MeshConfig["istio"]["workloadCertificates"]["ttl"]): MeshConfig {
  return { ...mesh, istio: { ...mesh.istio, workloadCertificates: { ttl } } };
}
