import { readFileSync } from "node:fs";
import { z } from "zod";
import { clusterAddresses } from "../../lab/addresses.ts";
import { kubectl } from "./kubectl.ts";
import type { RawAnswer, RawBatch, RawRequest } from "./raw-client.ts";

/** Somebody who sends requests: a workload of the mesh by its namespace and account, or a pod outside of it. */
export interface Who {
  readonly namespace: string;
  /** Undefined for a pod without a sidecar, and so without a certificate. */
  readonly serviceAccount: string | undefined;
}

/** `linly/asr-service`; `outsiders/nobody` for a pod without an identity. */
export function nameOf({ namespace, serviceAccount = "nobody" }: Who): string {
  return `${namespace}/${serviceAccount}`;
}

const client = readFileSync(new URL("raw-client.ts", import.meta.url), "utf8");
const certificates = "/identity";
const image = "localhost/linly-mesh/simulator:lab";
const label = "linly-mesh/test-identity";
/** Of the lab of one cluster. */
const { serviceCidr } = clusterAddresses(0, 0);

/**
 * Pods that send requests to other pods by their own certificates, byte for byte, past their own sidecars: whoever owns a pod
 * can do that, and so nothing but the callee's wall is tried. What they send to a Service goes through their sidecars. They
 * carry no label that a Service or a Sidecar of the mesh selects.
 */
export class Identities {
  readonly #kubeconfig: string;
  readonly #objects: string;

  private constructor(kubeconfig: string, objects: string) {
    this.#kubeconfig = kubeconfig;
    this.#objects = objects;
  }

  /** Starts a pod for each of them; namespaces and accounts that are not there are made, and go with `end`. */
  static async started(kubeconfig: string, all: readonly Who[]): Promise<Identities> {
    const there = (kind: string, args: readonly string[]) =>
      kubectl(kubeconfig, ["get", kind, "--ignore-not-found", "--output", "name", ...args]);
    const namespaces = new Map(all.map((who) => [who.namespace, who.serviceAccount !== undefined]));
    const made: object[] = [];
    for (const [name, injected] of namespaces)
      if ((await there("namespace", [name])) === "") made.push(namespaceObject(name, injected));
    for (const { namespace, serviceAccount } of all)
      if (serviceAccount !== undefined && (await there("serviceaccount", [serviceAccount, "-n", namespace])) === "")
        made.push({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: serviceAccount, namespace } });

    const objects = JSON.stringify({ apiVersion: "v1", kind: "List", items: [...made, ...all.map(podObject)] });
    await kubectl(kubeconfig, ["apply", "--filename", "-"], objects);
    const identities = new Identities(kubeconfig, objects);
    try {
      for (const namespace of namespaces.keys())
        await kubectl(kubeconfig, [
          ...["wait", "pods", "--namespace", namespace, "--selector", label],
          ...["--for", "condition=Ready", "--timeout", "110s"],
        ]);
    } catch (error) {
      await identities.end();
      throw error;
    }
    return identities;
  }

  /**
   * Sends requests from one of the pods, each on a connection of its own, and gives what came back, in their order. A request
   * that does not ask for `connection: close` is waited for until `timeout`.
   */
  async send(
    who: Who,
    requests: readonly RawRequest[],
    { concurrency = 8, timeout = 100_000 }: Partial<Pick<RawBatch, "concurrency" | "timeout">> = {},
  ): Promise<RawAnswer[]> {
    const batch: RawBatch = { certificates, concurrency, timeout, requests };
    const inside = ["exec", "--stdin", "--namespace", who.namespace, podName(who), "--container", "client", "--"];
    const node = ["node", "--input-type=module-typescript", "--eval", client];
    return answers.parse(JSON.parse(await kubectl(this.#kubeconfig, [...inside, ...node], JSON.stringify(batch))));
  }

  /** Takes away all that `started` made. */
  async end(): Promise<void> {
    await kubectl(this.#kubeconfig, ["delete", "--ignore-not-found", "--filename", "-"], this.#objects);
  }
}

const answers = z
  .array(z.object({ received: z.string(), error: z.string().optional() }))
  .transform((all) =>
    all.map(({ received, error }): RawAnswer => (error === undefined ? { received } : { received, error })),
  );

function podName({ serviceAccount = "nobody" }: Who): string {
  return `identity-${serviceAccount}`;
}

function namespaceObject(name: string, injected: boolean): object {
  const labels = {
    "istio-injection": injected ? "enabled" : "disabled",
    "pod-security.kubernetes.io/enforce": "restricted",
  };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

function podObject(who: Who): object {
  const { namespace, serviceAccount } = who;
  const annotations = {
    // The agent keeps the certificate in a folder that the client reads, for as long as both live.
    "proxy.istio.io/config": JSON.stringify({ proxyMetadata: { OUTPUT_CERTS: certificates } }),
    "sidecar.istio.io/userVolumeMount": JSON.stringify([{ name: "identity", mountPath: certificates }]),
    "traffic.sidecar.istio.io/includeOutboundIPRanges": serviceCidr,
  };
  const ready = `require("node:fs").accessSync("${certificates}/key.pem")`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(who),
      namespace,
      labels: { [label]: "true" },
      ...(serviceAccount !== undefined && { annotations }),
    },
    spec: {
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      nodeSelector: { "linly-mesh/pool": "cpu" },
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "client",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "--eval", "setInterval(() => undefined, 2 ** 30)"],
          resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "1", memory: "512Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            readOnlyRootFilesystem: true,
          },
          volumeMounts: [{ name: "identity", mountPath: certificates }],
          ...(serviceAccount !== undefined && {
            readinessProbe: { exec: { command: ["node", "--eval", ready] }, periodSeconds: 3, timeoutSeconds: 10 },
          }),
        },
      ],
      volumes: [{ name: "identity", emptyDir: {} }],
    },
  };
}
