import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { istioNamespace } from "../../components/istio/values.ts";
import { users as schema } from "../../config/schema/users.ts";
import { waitFor } from "../../lab/wait.ts";
import { ask, deciderOf, type Reply } from "../support/ask.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, describeOnLab, localMesh } from "../support/lab.ts";
import { stackWith } from "../support/stack.ts";
import { newKey } from "../support/tokens.ts";
import { bearer, good, issuer, old, work } from "../support/user-attempts.ts";

const answer = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })) }),
});

/** An issuer whose keys istiod is to fetch. */
const other = "https://id.example.net";
const key = newKey("other", "ES256");
const namespace = "observability";

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
    metadata: { name: "fetched", namespace: "istio-ingress" },
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

  afterAll(async () => {
    await applied(stackWith("local"));
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

  /** How often istiod could not fetch keys. */
  async function failedFetches(): Promise<number> {
    const response = await fetch(`http://${await podOf(istioNamespace, "istiod")}:15014/metrics`);
    const [, count] = /^pilot_jwks_resolver_network_fetch_fail_total (\d+)/m.exec(await response.text()) ?? [];
    return Number(count ?? 0);
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
    const before = await failedFetches();
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
    console.log(reply);
    expect([reply.status, deciderOf(reply)]).toEqual([401, "token"]);
    console.log(before, await failedFetches());
    expect(await failedFetches()).toBeGreaterThan(before);
    await untilFiring("UserKeysNotFetched");
    console.log(await failedFetches());
    console.log(
      await kubectl(kubeconfig, ["-n", "istio-system", "logs", "deploy/istiod", "--tail=2000"]).then((t) =>
        t
          .split("\n")
          .filter((l) => /jwks|public key|JWKS/i.test(l))
          .join("\n"),
      ),
    );
  });

  test("that are served are taken; a page in their place is not, and an alert tells", async () => {
    await withObjects(kubeconfig, [server], async () => {
      await kubectl(kubeconfig, ["-n", namespace, "wait", "--for=condition=Ready", "pod/keys", "--timeout=60s"]);
      const ip = await kubectl(kubeconfig, ["-n", namespace, "get", "pod", "keys", "-o", "jsonpath={.status.podIP}"]);
      await withObjects(kubeconfig, [fetching(`http://${ip}:8080/keys`)], async () => {
        await waitFor("the keys are in force", { seconds: 60 }, async () => {
          const { status, body } = await tried(ofOther());
          return status === 200 || `${status} ${body}`;
        });
      });
      const before = await failedFetches();
      await withObjects(kubeconfig, [fetching(`http://${ip}:8080/page`)], async () => {
        await waitFor("the keys are gone", { seconds: 60 }, async () => {
          const { status, body } = await tried(ofOther());
          return status === 401 || `${status} ${body}`;
        });
        console.log(await tried(ofOther()), before, await failedFetches());
        for (let i = 0; i < 60; i += 1) await tried(ofOther());
        expect((await tried(good())).status).toBe(200);
        console.log(
          await kubectl(kubeconfig, ["-n", "istio-system", "logs", "deploy/istiod", "--tail=2000"]).then((t) =>
            t
              .split("\n")
              .filter((l) => /jwks|public key|JWKS/i.test(l))
              .join("\n"),
          ),
        );
        console.log(
          await kubectl(kubeconfig, ["-n", "istio-ingress", "logs", "deploy/istio-ingress", "--tail=2000"]).then((t) =>
            t
              .split("\n")
              .filter((l) => /jwks|public key|JWKS/i.test(l))
              .join("\n"),
          ),
        );
        console.log(
          await kubectl(kubeconfig, [
            "-n",
            "istio-ingress",
            "exec",
            "deploy/istio-ingress",
            "-c",
            "istio-proxy",
            "--",
            "pilot-agent",
            "request",
            "GET",
            "/stats?filter=jwt_authn|listener_manager.lds.update_rej|http.*rbac",
          ]),
        );
        await untilFiring("UserTokensRefused");
      });
    });
  });
});
