import type { LabState } from "../../lab/spec.ts";
import { stackOfLab } from "../labs.ts";
import { table } from "./table.ts";

/** The hosts and nodes of a lab, and how to reach it. */
export function describeLab({ name, healthy, hosts, clusters, kubeconfig }: LabState): string {
  const hostRows = hosts.map((host) => [host.name, host.address ?? "-", hostCondition(host)]);
  const nodeRows = clusters.flatMap((cluster) =>
    cluster.nodes.map((node) => [`${cluster.name}/${node.name}`, node.ready ? "Ready" : "not ready"]),
  );
  return [
    `Lab ${name}: ${healthy ? "healthy" : `not healthy; linly-mesh lab up ${stackOfLab(name)} repairs it`}`,
    table(["host", "address", "state"], hostRows),
    table(["node", "condition"], nodeRows),
    `  kubectl --kubeconfig ${kubeconfig} get pods --all-namespaces`,
  ].join("\n");
}

function hostCondition({ pid, missingDaemons }: LabState["hosts"][number]): string {
  if (pid === undefined) return "dead";
  return missingDaemons.length === 0 ? `running (pid ${pid})` : `without ${missingDaemons.join(", ")}`;
}
