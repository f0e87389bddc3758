import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { ingressName, istioNamespace } from "../../components/istio/values.ts";
import { users as schema } from "../../config/schema/users.ts";
import { waitFor } from "../../lab/wait.ts";
import { ask, deciderOf, type Reply } from "../support/ask.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";
import { newKey } from "../support/tokens.ts";
import { bearer, good, issuer, old, work } from "../support/user-attempts.ts";

const answer = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })) }),
});

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
    }),
  ),
});

const failed = "pilot_jwks_resolver_network_fetch_fail_total";
const rejected = 'pilot_total_xds_rejects{type="lds"}';

/** An issuer whose keys istiod is to fetch. */
const other = "https://id.example.net";
const key = newKey("other", "ES256");
/** One that no policy is about. */
const namespace = "default";

/** Serves keys at `/keys`, and at any other path a page that says there are none. */
const server = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "keys", namespace },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "keys",
        image: "localhost/linly-mesh/simulator:lab",
        imagePullPolicy: "IfNotPresent",
        command: ["node", "-e"],
        args: [
          `require("node:http").createServer((request, response) => response.end(
            request.url === "/keys" ? process.env.KEYS : "<html>We are working on it.</html>")).listen(8080)`,
        ],
        env: [{ name: "KEYS", value: JSON.stringify({ keys: [key.jwk] }) }],
        readinessProbe: { httpGet: { port: 8080, path: "/" }, periodSeconds: 1 },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  },
};

/** What a stack file cannot say: keys without TLS. */
function fetching(jwksUri: string) {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "RequestAuthentication",
    metadata: { name: "fetched", namespace: ingressName },
    spec: {
      selector: { matchLabels: { istio: "ingress" } },
      jwtRules: [
        { issuer: other, audiences: ["talk"], jwksUri, fromHeaders: [{ name: "authorization", prefix: "Bearer " }] },
      ],
    },
  };
}

describeOnLab("keys of users' tokens that istiod is to fetch", () => {
  let address: string;
  let kubeconfig: string;
  let view: ClusterView;

  beforeAll(async () => {
    ({ address, kubeconfig, view } = await localMesh());
  });

  function tried(text?: string): Promise<Reply> {
    return ask({ address, path: work, headers: text === undefined ? [] : [bearer(text)] });
  }

  const ofOther = () => good(key, { iss: other });

  async function podOf(inNamespace: string, app: string): Promise<string> {
    const pod = (await view.pods(inNamespace)).find((one) => one.app === app);
    if (pod === undefined) throw new Error(`no pod of ${app} in ${inNamespace}`);
    return pod.ip;
  }

  /** What a counter of istiod stands at; 0 before it has counted anything. */
  async function countOfIstiod(counter: string): Promise<number> {
    const response = await fetch(`http://${await podOf(istioNamespace, "istiod")}:15014/metrics`);
    const line = (await response.text()).split("\n").find((text) => text.startsWith(`${counter} `));
    return Number(line?.split(" ")[1] ?? 0);
  }

  async function gateways(): Promise<{ name: string; ready: boolean }[]> {
    const pods = ["-n", ingressName, "get", "pods", "-l", "istio=ingress", "-o", "json"];
    return podList.parse(JSON.parse(await kubectl(kubeconfig, pods))).items.map(({ metadata, status }) => ({
      name: metadata.name,
      ready: status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false,
    }));
  }

  function logOf(pod: string): Promise<string> {
    return kubectl(kubeconfig, ["-n", ingressName, "logs", pod]);
  }

  function scaled(replicas: number): Promise<string> {
    return kubectl(kubeconfig, ["-n", ingressName, "scale", `deployment/${ingressName}`, `--replicas=${replicas}`]);
  }

  async function untilFiring(name: string): Promise<void> {
    await waitFor(`${name} fires`, { seconds: 180 }, async () => {
      const response = await fetch(`http://${await podOf("observability", "prometheus")}:9090/api/v1/alerts`);
      const { alerts } = answer.parse(await response.json()).data;
      const found = alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels["alertname"] ?? "");
      return found.includes(name) || found.join(", ");
    });
  }

  test("that are out of reach: tokens of that issuer alone are refused, and an alert tells why", async () => {
    const before = await countOfIstiod(failed);
    const audiences = ["talk"];
    const issuers = [
      { issuer, audiences, jwks: { keys: [old.jwk] } },
      { issuer: other, audiences, jwksUri: "https://keys.invalid/keys" },
    ];
    await applied(
      stackWith("local", (mesh) => ({ ...mesh, ingress: { ...mesh.ingress, users: schema.parse({ issuers }) } })),
    );
    await waitFor("a request without a token is refused", { seconds: 60 }, async () => {
      const { status } = await tried();
      return status === 403 || String(status);
    });
    expect((await tried(good())).status).toBe(200);
    const reply = await tried(ofOther());
    expect([reply.status, deciderOf(reply)]).toEqual([401, "token"]);
    expect(await countOfIstiod(failed)).toBeGreaterThan(before);
    await Promise.all(Array.from({ length: 30 }, () => tried(ofOther())));
    await Promise.all(["UserKeysNotFetched", "UserTokensRefused"].map(untilFiring));
  });

  test("that are served are taken; a page in their place keeps the gateway from changing, and an alert tells", async () => {
    await withObjects(kubeconfig, [server], async () => {
      await kubectl(kubeconfig, ["-n", namespace, "wait", "--for=condition=Ready", "pod/keys", "--timeout=60s"]);
      const ip = await kubectl(kubeconfig, ["-n", namespace, "get", "pod", "keys", "-o", "jsonpath={.status.podIP}"]);
      await withObjects(kubeconfig, [fetching(`http://${ip}:8080/keys`)], async () => {
        await waitFor("the keys are in force", { seconds: 60 }, async () => {
          const { status, body } = await tried(ofOther());
          return status === 200 || `${status} ${body}`;
        });
        const before = await countOfIstiod(rejected);
        const page = JSON.stringify(fetching(`http://${ip}:8080/page`));
        await kubectl(kubeconfig, ["apply", "--filename", "-"], page);
        await waitFor("the gateway refuses the page", { seconds: 60 }, async () => {
          const count = await countOfIstiod(rejected);
          return count > before || String(count);
        });
        // It goes on with what it had, and one that is new has nothing to go on with.
        expect((await tried(ofOther())).status).toBe(200);
        expect((await tried(good())).status).toBe(200);
        await scaled(2);
        await waitFor("a new gateway says why it is not ready", { seconds: 120 }, async () => {
          const logs = await Promise.all(
            (await gateways()).filter(({ ready }) => !ready).map(({ name }) => logOf(name)),
          );
          return logs.some((log) => /invalid local jwks/.test(log)) || `${logs.length} of them wait`;
        });
        expect((await gateways()).map(({ ready }) => ready).sort()).toEqual([false, true]);
        await untilFiring("ListenersRejected");
      });
    });
    await waitFor("both gateways are ready", { seconds: 120 }, async () => {
      const ready = (await gateways()).map((gateway) => gateway.ready);
      return (ready.length === 2 && !ready.includes(false)) || ready.join();
    });
    await scaled(1);
    await waitFor("one gateway is left", { seconds: 120 }, async () => {
      const { length } = await gateways();
      return length === 1 || String(length);
    });
  });
});
