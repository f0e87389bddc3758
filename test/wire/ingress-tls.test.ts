import { Agent } from "node:https";
import { request } from "node:http";
import type { SecureVersion } from "node:tls";
import { beforeAll, expect, test } from "vitest";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { gatewayLabels } from "../../components/istio/values.ts";
import { restrictedContainer, restrictedPod } from "../../components/security/pod.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { waitFor } from "../../lab/wait.ts";
import { changeStage } from "../support/exec.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { settled } from "../support/settled.ts";
import { stackWith } from "../support/stack.ts";
import { httpsRequest, renewNow, secretPart, shakeHands, withLaxServer, type HttpsAnswer } from "../support/tls.ts";
import { bearer, good, old, usersWith } from "../support/user-attempts.ts";

const host = "talk.linly.example";
const path = "/v1/audio/transcriptions";
const maxAge = 31_536_000;

describeOnLab("TLS at the ingress", () => {
  let kubeconfig: string;
  let address: string;
  let view: ClusterView;
  let ca: string;

  beforeAll(async () => {
    ({ kubeconfig, address, view } = await localMesh(withTls));
    ca = await secretPart(kubeconfig, "istio-ingress", "ingress-ca", "tls.crt");
    await waitFor("the gateway shows its certificate", { seconds: 60 }, async () => {
      const { status } = await httpsRequest({ address, host, path, ca });
      return status === 200 || `it answers ${status}`;
    });
  });

  /** A request without TLS. */
  function plain(method: string, target: string): Promise<{ status: number; headers: Record<string, unknown> }> {
    return new Promise((resolve, reject) => {
      const options = { host: address, method, path: target, headers: { host }, agent: false };
      const outgoing = request(options, (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  const atGateway = () => ({ address, port: 443, servername: host, ca });

  test.each<[SecureVersion, boolean]>([
    ["TLSv1.3", true],
    ["TLSv1.2", true],
    ["TLSv1.1", false],
    ["TLSv1", false],
  ])("%s is accepted: %s; the control: a lax server takes it", async (version, isAccepted) => {
    const shaken = await shakeHands({ ...atGateway(), version });
    expect(shaken).toMatchObject(
      isAccepted ? { protocol: version, distrust: undefined } : { refused: expect.stringMatching(/^E/) },
    );
    await withLaxServer(async (server, port) => {
      expect(await shakeHands({ address: server, port, version })).toMatchObject({ protocol: version });
    });
  });

  test.each([
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true],
    ["ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true],
    ["ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true],
    // Neither authenticates what it encrypts.
    ["ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false],
    ["ECDHE-ECDSA-AES256-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", false],
  ])(
    "the cipher suite %s (%s) is accepted: %s; the control: a lax server takes it",
    async (ciphers, cipher, isAccepted) => {
      const offer = { version: "TLSv1.2" as const, ciphers };
      expect(await shakeHands({ ...atGateway(), ...offer })).toMatchObject(
        isAccepted ? { cipher } : { refused: expect.stringMatching(/^E/) },
      );
      await withLaxServer(async (server, port) => {
        expect(await shakeHands({ address: server, port, ...offer })).toMatchObject({ cipher });
      });
    },
  );

  test("the certificate is believed by who trusts the stack's CA, for its name, and by nobody else", async () => {
    expect(await shakeHands(atGateway())).toMatchObject({ distrust: undefined });
    const { ca: _, ...stranger } = atGateway();
    expect(await shakeHands(stranger)).toMatchObject({ distrust: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    await expect(httpsRequest({ address, host: "other.linly.example", path, ca })).rejects.toThrow();
  });

  test.each(["GET", "POST"])(
    "without TLS a %s is sent to the same place with it, and tells nothing of HSTS",
    async (method) => {
      const { status, headers } = await plain(method, `${path}?language=zh`);
      expect(status).toBe(301);
      expect(headers["location"]).toBe(`https://${host}${path}?language=zh`);
      expect(headers["strict-transport-security"]).toBeUndefined();
    },
  );

  test("answers over TLS tell browsers to stay with it, also those that are no success", async () => {
    const good = await httpsRequest({ address, host, path, ca });
    const stage = (await view.pods("linly")).find(({ app }) => app === "asr-service");
    const container = { kubeconfig, namespace: "linly", pod: stage?.name ?? "", container: "asr" };
    await changeStage(container, 8000, { errorRate: 1, errorStatus: 503 });
    const bad = await httpsRequest({ address, host, path, ca });
    await changeStage(container, 8000, { errorRate: 0 });
    expect([good.status, bad.status]).toEqual([200, 503]);
    for (const { headers } of [good, bad]) expect(headers["strict-transport-security"]).toBe(`max-age=${maxAge}`);
  });

  test("a challenge of an ACME authority passes the gateway on port 80; the control: without istiod's heed it is sent on", async () => {
    const challenge = "/.well-known/acme-challenge/token";
    const ofMesh = ["--namespace", "istio-system", "get", "configmap", "istio", "--output", "jsonpath={.data.mesh}"];
    const mesh = await kubectl(kubeconfig, ofMesh);
    const setMesh = async (text: string) => {
      const patch = [
        "patch",
        "configmap",
        "istio",
        "--type",
        "merge",
        "--patch",
        JSON.stringify({ data: { mesh: text } }),
      ];
      await kubectl(kubeconfig, ["--namespace", "istio-system", ...patch]);
    };
    const statusOf = async (target: string) => (await plain("GET", target)).status;
    await withObjects(kubeconfig, solver(challenge), async () => {
      const ready = ["wait", "pod", "acme-solver", "--for", "condition=Ready", "--timeout", "60s"];
      await kubectl(kubeconfig, ["--namespace", "istio-ingress", ...ready]);
      expect(await statusOf(challenge)).toBe(301);
      try {
        await setMesh(`${mesh}\ningressSelector: ${gatewayLabels.istio}\n`);
        await expect.poll(() => statusOf(challenge), { timeout: 60_000 }).toBe(200);
        expect(await statusOf("/.well-known/acme-challenge/another")).toBe(301);
        expect(await statusOf(path)).toBe(301);
      } finally {
        await setMesh(mesh);
      }
      await expect.poll(() => statusOf(challenge), { timeout: 60_000 }).toBe(301);
    });
  });

  test("a certificate is renewed under load: no request fails, no kept connection ends, new ones see the new one", async () => {
    const before = (await httpsRequest({ address, host, path, ca })).serial;
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const kept: HttpsAnswer[] = [];
    const fresh: HttpsAnswer[] = [];
    let isOver = false;
    const failures: string[] = [];
    const worker = async (answers: HttpsAnswer[], keeping?: Agent) => {
      while (!isOver) {
        const connection = keeping === undefined ? {} : { agent: keeping };
        await httpsRequest({ address, host, path, ca, ...connection }).then(
          (answer) => answers.push(answer),
          (error: unknown) => failures.push(String(error)),
        );
      }
    };
    const load = Promise.all([
      ...Array.from({ length: 4 }, () => worker(kept, agent)),
      ...Array.from({ length: 4 }, () => worker(fresh)),
    ]);
    try {
      await waitFor(
        "the load is under way",
        { seconds: 30 },
        async () => (kept.length > 40 && fresh.length > 40) || "not yet",
      );
      await renewNow(kubeconfig, "istio-ingress", "ingress-certificate");
      await waitFor("a new connection sees a new certificate", { seconds: 90 }, async () => {
        const { serial } = fresh.at(-1) ?? { serial: before };
        return serial !== before || "the old one is shown";
      });
      const [keptThen, freshThen] = [kept.length, fresh.length];
      const after = async () => (kept.length > keptThen + 100 && fresh.length > freshThen + 100) || "not yet";
      await waitFor("the load has gone on", { seconds: 60 }, after);
    } finally {
      isOver = true;
    }
    await load;
    agent.destroy();
    expect(failures).toEqual([]);
    expect(new Set([...kept, ...fresh].map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(kept.map(({ serial }) => serial)), "connections of before go on").toEqual(new Set([before]));
    expect(new Set(fresh.map(({ serial }) => serial)).size).toBe(2);
  });

  test("where users need a token, nobody comes in by TLS without one, and port 80 leads there all the same", async () => {
    await applied(
      stackWith("local", (local) => {
        const mesh = withTls(local);
        return { ...mesh, ingress: { ...mesh.ingress, users: usersWith([old]) } };
      }),
    );
    await settled(kubeconfig);
    const byTls = async (headers: Record<string, string>) =>
      (await httpsRequest({ address, host, path, ca, headers })).status;
    await expect.poll(() => byTls({}), { timeout: 60_000 }).toBe(403);
    expect(await byTls(Object.fromEntries([bearer(good(old))]))).toBe(200);
    const { status, headers } = await plain("POST", path);
    expect([status, headers["location"]]).toEqual([301, `https://${host}${path}`]);
  });
});

/** What cert-manager makes for a challenge: a pod that answers it, and the way there. The lab's has no ACME built in. */
function solver(path: string): object[] {
  const metadata = { name: "acme-solver", namespace: "istio-ingress" };
  const labels = { app: "acme-solver", "sidecar.istio.io/inject": "false" };
  const answer = "require('node:http').createServer((_, r) => r.end('ok')).listen(8089)";
  const container = { name: "solver", image: "localhost/linly-mesh/simulator:lab", command: ["node", "-e", answer] };
  const backend = { service: { name: "acme-solver", port: { number: 8089 } } };
  const http = { paths: [{ path, pathType: "ImplementationSpecific", backend }] };
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, labels },
      spec: {
        automountServiceAccountToken: false,
        securityContext: restrictedPod,
        containers: [{ ...container, securityContext: restrictedContainer({ user: undefined }) }],
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: "acme-solver" }, ports: [{ name: "http", port: 8089 }] },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { ...metadata, annotations: { "kubernetes.io/ingress.class": "istio" } },
      spec: { rules: [{ host, http }] },
    },
  ];
}

function withTls(mesh: MeshConfig): MeshConfig {
  const tls = { issuer: "ownCa", duration: "2h", renewBefore: "1h", hstsMaxAge: "8760h" } as const;
  return { ...mesh, ingress: { ...mesh.ingress, hosts: [host], tls } };
}
