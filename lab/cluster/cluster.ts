import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { LabError } from "../errors.ts";
import { makeCgroup, removeCgroups } from "../hosts/cgroups.ts";
import {
  type Daemon,
  ensureDaemon,
  findHost,
  type Host,
  type HostPlan,
  logOf,
  runIn,
  runningDaemons,
  startHost,
} from "../hosts/host.ts";
import {
  answerForLoadBalancers,
  ensureNodeRouting,
  ensureUplink,
  routePods,
  routePodsFromMachine,
} from "../hosts/network.ts";
import { all, waitFor } from "../wait.ts";
import { apply, forgetCondition, isApiReady, isDeploymentAvailable, nodesOf } from "./api.ts";
import { apiDaemons, controllerDaemons } from "./control-plane.ts";
import { ensureCredentials } from "./credentials.ts";
import { dnsDeployment, dnsObjects } from "./dns.ts";
import { importImages, type LabImage } from "./import-images.ts";
import { networkPoliciesObjects } from "./network-policies.ts";
import { containerd, containerdSocket, furnishNode, nodeDaemons } from "./node.ts";
import type { ClusterPlan, NodePlan } from "./plan.ts";
import type { ClusterTools } from "./tools.ts";

/** What clusters are made from. */
export interface Materials {
  tools: ClusterTools;
  images: readonly LabImage[];
}

type Progress = (line: string) => void;

/** All daemons of a cluster, by host. */
export function daemonsOf(plan: ClusterPlan, tools: ClusterTools): { host: HostPlan; daemons: Daemon[] }[] {
  return [
    { host: plan.controlPlane, daemons: [...apiDaemons(plan, tools), ...controllerDaemons(plan, tools)] },
    ...plan.nodes.map((node) => {
      return { host: node.host, daemons: [containerd(node, tools), ...nodeDaemons(plan, node, tools)] };
    }),
  ];
}

/** Brings a cluster up, or brings back what it lacks. */
export async function ensureCluster(
  plan: ClusterPlan,
  switchHost: Host,
  materials: Materials,
  progress: Progress,
): Promise<void> {
  await ensureCredentials(plan);
  const apiIsReady = ensureControlPlane(plan, switchHost, materials.tools, progress);
  const nodes = plan.nodes.map(
    async (node) => await ensureNode(plan, node, switchHost, materials, apiIsReady, progress),
  );
  await all([apiIsReady, ...nodes]);
  await routePodsFromMachine(plan.addresses);
  await waitForReadiness(plan, progress);
}

async function ensureControlPlane(
  plan: ClusterPlan,
  switchHost: Host,
  tools: ClusterTools,
  progress: Progress,
): Promise<void> {
  const host = (await findHost(plan.controlPlane)) ?? (await startHost(plan.controlPlane));
  await ensureUplink(switchHost, host, plan.controlPlanePort, plan.addresses.controlPlane);
  await routePods(host, plan.addresses);
  await ensureDaemons(host, apiDaemons(plan, tools), progress);
  await waitWhileAlive(`${plan.spec.name}: API server ready`, 90, host, ["etcd", "kube-apiserver"], async () => {
    return (await isApiReady(plan)) || "not ready yet";
  });
  progress(`${plan.spec.name}: API server answers at ${plan.server}`);
  await ensureDaemons(host, controllerDaemons(plan, tools), progress);
  await apply(plan, [...dnsObjects(plan), ...networkPoliciesObjects()]);
}

async function ensureNode(
  plan: ClusterPlan,
  node: NodePlan,
  switchHost: Host,
  { tools, images }: Materials,
  apiIsReady: Promise<void>,
  progress: Progress,
): Promise<void> {
  const found = await findHost(node.host);
  const host = found ?? (await startNode(plan, node, tools, progress));
  const { addresses } = plan;
  await ensureUplink(switchHost, host, node.port, node.addresses.address);
  await routePods(host, addresses, node.addresses.address);
  await ensureNodeRouting(host, addresses);
  if (node === loadBalancerNode(plan)) await answerForLoadBalancers(host, addresses);
  await ensureDaemons(host, [containerd(node, tools)], progress);
  await waitWhileAlive(`${node.host.name}: containerd ready`, 30, host, ["containerd"], async () => {
    await runIn(host, tools.ctr, [`--address=${containerdSocket}`, "--timeout=2s", "version"]).catch(() =>
      Promise.reject(new Error("no answer yet")),
    );
    return true;
  });
  const isVital = ({ name }: LabImage): boolean => /\/(pause|coredns):/.test(name);
  await importImages(host, tools, images.filter(isVital));
  const others = importImages(host, tools, images);
  const daemons = apiIsReady.then(async () => {
    if (found === undefined) await forgetCondition(plan, node.spec.name);
    await ensureDaemons(host, nodeDaemons(plan, node, tools), progress);
  });
  await all([others, daemons]);
}

/** A node whose host has died starts as a new machine of that name: its containers are gone with the host. */
async function startNode(plan: ClusterPlan, node: NodePlan, tools: ClusterTools, progress: Progress): Promise<Host> {
  if (existsSync(node.host.dir)) {
    progress(`${node.host.name}: the host is dead, starting it afresh`);
    await removeCgroups(plan.lab, node.cgroup);
    await rm(node.host.dir, { recursive: true });
  }
  await furnishNode(plan, node, tools);
  await makeCgroup(node.cgroup);
  return await startHost(node.host);
}

/** LoadBalancer addresses belong to a node for the work on CPUs, where ingress gateways run. */
function loadBalancerNode(plan: ClusterPlan): NodePlan | undefined {
  return plan.nodes.find(({ spec }) => spec.pool === "cpu") ?? plan.nodes[0];
}

async function ensureDaemons(host: Host, daemons: readonly Daemon[], progress: Progress): Promise<void> {
  for (const daemon of daemons) {
    const isNew = !existsSync(logOf(host.plan, daemon.name));
    if ((await ensureDaemon(host, daemon)) && !isNew)
      progress(`${host.plan.name}: ${daemon.name} was dead, started again`);
  }
}

async function waitForReadiness(plan: ClusterPlan, progress: Progress): Promise<void> {
  const logs = plan.nodes.map(({ host }) => logOf(host, "kubelet"));
  await waitFor(`${plan.spec.name}: nodes ready`, { seconds: 90, logs }, async () => {
    const missing = (await nodesOf(plan)).filter(({ ready }) => !ready).map(({ name }) => name);
    return missing.length === 0 || `waiting for ${missing.join(", ")}`;
  });
  progress(`${plan.spec.name}: ${plan.nodes.map(({ spec }) => spec.name).join(", ")} ready`);
  await waitFor(`${plan.spec.name}: DNS ready`, { seconds: 60, logs }, async () => {
    return (
      (await isDeploymentAvailable(plan, dnsDeployment.namespace, dnsDeployment.name)) || "no replica is available"
    );
  });
}

/** As waitFor, but gives up as soon as one of the daemons has died. */
async function waitWhileAlive(
  what: string,
  seconds: number,
  host: Host,
  daemons: readonly string[],
  probe: () => Promise<true | string>,
): Promise<void> {
  const logs = daemons.map((daemon) => logOf(host.plan, daemon));
  await waitFor(what, { seconds, logs }, async () => {
    const running = await runningDaemons(host.plan);
    const dead = daemons.filter((daemon) => !running.has(daemon));
    if (dead.length > 0) throw new LabError(`${dead.join(" and ")} ended`);
    return await probe();
  });
}
