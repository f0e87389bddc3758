import type { Fault } from "../faults.ts";
import type { LenientMesh } from "./lenient.ts";
import { repeated } from "./repeated.ts";

/** Namespaces that the mesh or Kubernetes itself needs for something else. */
const takenNamespaces = [
  "cert-manager",
  "default",
  "istio-system",
  "istio-cni",
  "istio-eastwest",
  "istio-ingress",
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "nvidia-device-plugin",
  "observability",
];

/** A namespace that is not free. */
export function namespaceFaults({ namespace }: LenientMesh): Fault[] {
  if (!takenNamespaces.includes(namespace)) return [];
  const message = `${JSON.stringify(namespace)} is taken; the stages run in a namespace of their own`;
  return [{ path: "namespace", message }];
}

/** Host names given twice, or that a wildcard beside them already covers: Istio takes neither in one VirtualService. */
export function hostFaults({ ingress: { hosts = [] } }: LenientMesh): Fault[] {
  const twice = repeated(hosts)
    .filter(({ value }) => value !== "")
    .map(({ value, index }) => ({
      path: `ingress.hosts[${index}]`,
      message: `${JSON.stringify(value)} is there twice`,
    }));
  const covered = hosts.flatMap((host, index) => {
    const wildcard = hosts.find((other) => other !== host && covers(other, host));
    if (wildcard === undefined) return [];
    const message = `${JSON.stringify(host)} is already covered by ${JSON.stringify(wildcard)}; keep one of them`;
    return [{ path: `ingress.hosts[${index}]`, message }];
  });
  return [...twice, ...covered];
}

function covers(wildcard: string, host: string): boolean {
  return host !== "" && wildcard.startsWith("*") && host.endsWith(wildcard.slice(1));
}

/** A lab has a kubeconfig of its own: its stack is never applied to whatever cluster kubectl happens to point at. */
export function labFaults({ lab, clusters }: LenientMesh): Fault[] {
  if (!lab) return [];
  return clusters.flatMap(({ kubeconfig }, index) =>
    kubeconfig === undefined
      ? [
          {
            path: `clusters[${index}].kubeconfig`,
            message: 'is missing; with lab: true it names the lab\'s file, such as ".lab/kubeconfig"',
          },
        ]
      : [],
  );
}
