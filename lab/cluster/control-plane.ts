import { join } from "node:path";
import type { Daemon } from "../hosts/host.ts";
import { credential, kubeconfigOf } from "./credentials.ts";
import type { ClusterPlan } from "./plan.ts";
import type { ClusterTools } from "./tools.ts";

/** etcd and the API server; the latter waits for the former by itself. */
export function apiDaemons(plan: ClusterPlan, tools: ClusterTools): Daemon[] {
  return [etcd(plan, tools), apiServer(plan, tools)];
}

/** What needs an API server that answers. One of each, so there is no leader to elect. */
export function controllerDaemons(plan: ClusterPlan, tools: ClusterTools): Daemon[] {
  return [controllerManager(plan, tools), scheduler(plan, tools), keeper(plan)];
}

function etcd(plan: ClusterPlan, tools: ClusterTools): Daemon {
  return {
    name: "etcd",
    command: tools.etcd,
    args: [
      `--data-dir=${join(plan.controlPlane.dir, "etcd")}`,
      "--unsafe-no-fsync",
      "--listen-client-urls=http://127.0.0.1:2379",
      "--advertise-client-urls=http://127.0.0.1:2379",
      "--listen-peer-urls=http://127.0.0.1:2380",
      "--log-level=warn",
    ],
  };
}

function apiServer(plan: ClusterPlan, tools: ClusterTools): Daemon {
  const { controlPlane, serviceCidr } = plan.addresses;
  return {
    name: "kube-apiserver",
    command: tools["kube-apiserver"],
    args: [
      "--etcd-servers=http://127.0.0.1:2379",
      `--advertise-address=${controlPlane}`,
      "--secure-port=6443",
      `--service-cluster-ip-range=${serviceCidr}`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--allow-privileged",
      // Webhooks are reached at their pods: this host has no kube-proxy.
      "--enable-aggregator-routing",
      "--kubelet-preferred-address-types=InternalIP",
      `--client-ca-file=${credential(plan, "ca.crt")}`,
      `--tls-cert-file=${credential(plan, "apiserver.crt")}`,
      `--tls-private-key-file=${credential(plan, "apiserver.key")}`,
      `--kubelet-client-certificate=${credential(plan, "apiserver-kubelet.crt")}`,
      `--kubelet-client-key=${credential(plan, "apiserver-kubelet.key")}`,
      `--token-auth-file=${credential(plan, "tokens.csv")}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-signing-key-file=${credential(plan, "service-accounts.key")}`,
      `--service-account-key-file=${credential(plan, "service-accounts.pub")}`,
      "--profiling=false",
    ],
  };
}

function controllerManager(plan: ClusterPlan, tools: ClusterTools): Daemon {
  return {
    name: "kube-controller-manager",
    command: tools["kube-controller-manager"],
    args: [
      `--kubeconfig=${kubeconfigOf(plan, "kube-controller-manager")}`,
      "--leader-elect=false",
      "--secure-port=0",
      "--use-service-account-credentials",
      `--service-account-private-key-file=${credential(plan, "service-accounts.key")}`,
      `--root-ca-file=${credential(plan, "ca.crt")}`,
      `--cluster-signing-cert-file=${credential(plan, "ca.crt")}`,
      `--cluster-signing-key-file=${credential(plan, "ca.key")}`,
    ],
  };
}

function scheduler(plan: ClusterPlan, tools: ClusterTools): Daemon {
  return {
    name: "kube-scheduler",
    command: tools["kube-scheduler"],
    args: [`--kubeconfig=${kubeconfigOf(plan, "kube-scheduler")}`, "--leader-elect=false", "--secure-port=0"],
  };
}

/** Stands in for what a cloud and a device plugin would do. */
function keeper(plan: ClusterPlan): Daemon {
  const gpus = Object.fromEntries(plan.nodes.map(({ spec }) => [spec.name, spec.gpus]));
  return {
    name: "keeper",
    command: process.execPath,
    args: [
      join(import.meta.dirname, "keeper.ts"),
      kubeconfigOf(plan, "admin"),
      plan.addresses.loadBalancerCidr,
      JSON.stringify(gpus),
    ],
  };
}
