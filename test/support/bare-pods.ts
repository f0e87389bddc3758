import { kubectl } from "./kubectl.ts";

/** A pod without a sidecar, which runs nothing of its own: where whatever leaves it is the network's to judge. */
export interface BarePod {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Port on which it answers in plain text, by a Service of its name. Default: none. */
  readonly serves?: number;
}

export const bareContainer = "bare";

/** Starts pods in namespaces that are there, and gives how to take them away. */
export async function startBarePods(
  kubeconfig: string,
  pods: readonly BarePod[],
  context?: string,
): Promise<() => Promise<void>> {
  const where = context === undefined ? [] : ["--context", context];
  const objects = pods.flatMap((pod) => [podObject(pod), ...(pod.serves === undefined ? [] : [serviceObject(pod)])]);
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await kubectl(kubeconfig, [...where, "apply", "--filename", "-"], list);
  for (const { namespace, name } of pods) {
    const until = ["--for", "jsonpath={.status.phase}=Running", "--timeout", "110s"];
    await kubectl(kubeconfig, [...where, "wait", `pod/${name}`, "--namespace", namespace, ...until]);
  }
  return async () => {
    await kubectl(kubeconfig, [...where, "delete", "--ignore-not-found", "--filename", "-"], list);
  };
}

function podObject({ namespace, name, labels, serves }: BarePod): object {
  const server = `require("node:http").createServer((q, r) => r.end("plain")).listen(${serves})`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels: { pod: name, "sidecar.istio.io/inject": "false", ...labels } },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      nodeSelector: { "linly-mesh/pool": "cpu" },
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: bareContainer,
          image: "localhost/linly-mesh/simulator:lab",
          imagePullPolicy: "IfNotPresent",
          command: ["node", "-e", serves === undefined ? "setInterval(() => undefined, 2 ** 30)" : server],
          resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "256Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            readOnlyRootFilesystem: true,
          },
          // One that has a stage's label is never ready: its Service is to send it nothing.
          ...(labels !== undefined && { readinessProbe: { exec: { command: ["false"] } } }),
        },
      ],
    },
  };
}

function serviceObject({ namespace, name, serves }: BarePod): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: { selector: { pod: name }, ports: [{ port: serves }] },
  };
}
