import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isApiReady, nodesOf } from "./cluster/api.ts";
import { daemonsOf, ensureCluster, type Materials } from "./cluster/cluster.ts";
import { writeUserKubeconfig } from "./cluster/credentials.ts";
import { type ClusterPlan, planCluster, planSwitch } from "./cluster/plan.ts";
import { LabError, messageOf } from "./errors.ts";
import { findHost, type Host, type HostPlan, runningDaemons, startHost } from "./hosts/host.ts";
import { makeMountpoints } from "./hosts/mountpoints.ts";
import { awaitUnplugged, ensureSwitch } from "./hosts/network.ts";
import { labProcesses } from "./hosts/processes.ts";
import { leftovers, removeLab } from "./leftovers.ts";
import type { ClusterState, HostState, LabSpec, LabState } from "./spec.ts";
import { fingerprintOf, type LabRecord, readRecord, recordedLabs, stateDirOf, writeRecord } from "./state.ts";
import { all, waitFor } from "./wait.ts";

type Progress = (line: string) => void;

export function plansOf(spec: LabSpec): ClusterPlan[] {
  return spec.clusters.map((cluster, index) => planCluster(spec, index, cluster));
}

/** @throws LabError when another lab is on this machine, with the command that takes it down */
export async function requireNoOther(name: string): Promise<void> {
  const other = (await recordedLabs()).find((recorded) => recorded !== name);
  if (other === undefined) return;
  throw new LabError(
    `the lab "${other}" is on this machine, which takes one at a time, so "${name}" can't start. ` +
      "Take that one down first: npx linly-mesh lab down",
  );
}

/** Brings the lab to the state that the spec describes, from whatever state it is in. */
export async function ensureLab(
  spec: LabSpec,
  materials: Materials,
  kubeconfig: string,
  progress: Progress,
): Promise<LabState> {
  await requireNoOther(spec.name);
  const daemons = plansOf(spec).map((plan) => daemonsOf(plan, materials.tools));
  const record: LabRecord = { spec, kubeconfig, fingerprint: fingerprintOf([spec, kubeconfig, daemons]) };
  if (await isWorthKeeping(record, progress)) {
    try {
      return await assemble(record, materials, progress);
    } catch (error) {
      progress(`the lab can't be repaired, building it anew: ${messageOf(error)}`);
    }
  }
  await removeLab(spec.name);
  return await assemble(record, materials, progress);
}

async function isWorthKeeping(wanted: LabRecord, progress: Progress): Promise<boolean> {
  const { name } = wanted.spec;
  const found = await readRecord(name);
  if (found === undefined) {
    if ((await leftovers(name)).length > 0) progress("removing what is left of an earlier lab");
    return false;
  }
  if (!(await labProcesses()).some(({ lab }) => lab === name)) {
    progress("nothing of the lab runs any more, building it anew");
    return false;
  }
  if (found.kubeconfig !== wanted.kubeconfig) {
    throw new LabError(
      `the lab "${name}" is in use from another folder, with its kubeconfig in ${found.kubeconfig}. ` +
        "Take it down first: npx linly-mesh lab down",
    );
  }
  if (found.fingerprint !== wanted.fingerprint) {
    progress("the lab was made to another plan or by other tools, building it anew");
    return false;
  }
  return true;
}

async function assemble(record: LabRecord, materials: Materials, progress: Progress): Promise<LabState> {
  const { spec, kubeconfig } = record;
  await writeRecord(record);
  await makeMountpoints(stateDirOf(spec.name));
  const switchPlan = planSwitch(spec.name);
  const switchHost = (await findHost(switchPlan)) ?? (await startSwitch(switchPlan));
  await ensureSwitch(switchHost);
  const plans = plansOf(spec);
  await all(plans.map(async (plan) => await ensureCluster(plan, switchHost, materials, progress)));
  await mkdir(dirname(kubeconfig), { recursive: true });
  await writeUserKubeconfig(kubeconfig, spec.name, plans);
  let state = await inspectLab(record);
  await waitFor(`the lab ${spec.name} healthy`, { seconds: 60 }, async () => {
    if (!state.healthy) state = await inspectLab(record);
    return state.healthy || JSON.stringify(state);
  });
  return state;
}

async function startSwitch(plan: HostPlan): Promise<Host> {
  await awaitUnplugged();
  return await startHost(plan);
}

/** What of the lab is alive, seen from the process table and the API servers. */
export async function inspectLab({ spec, kubeconfig }: LabRecord): Promise<LabState> {
  const plans = plansOf(spec);
  const hosts = [
    inspectHost(planSwitch(spec.name), undefined, []),
    ...plans.flatMap((plan) => [
      inspectHost(plan.controlPlane, plan.addresses.controlPlane, controlPlaneDaemons),
      ...plan.nodes.map(({ host, addresses }) => inspectHost(host, addresses.address, nodeDaemonNames)),
    ]),
  ];
  const hostStates = await Promise.all(hosts);
  const areUp = hostStates.every(({ pid }) => pid !== undefined);
  const isUp = ({ name }: HostPlan) => hostStates.some((host) => host.name === name && host.pid !== undefined);
  // Before these two there may be no route to an API server other than the one out of the machine.
  const isReachable = (plan: ClusterPlan) => isUp(planSwitch(spec.name)) && isUp(plan.controlPlane);
  const clusters = await Promise.all(plans.map(async (plan) => await inspectCluster(plan, isReachable(plan))));
  const healthy =
    areUp &&
    hostStates.every(({ missingDaemons }) => missingDaemons.length === 0) &&
    clusters.every(({ apiReady, nodes }) => apiReady && nodes.every(({ ready }) => ready)) &&
    existsSync(kubeconfig);
  return { name: spec.name, healthy, kubeconfig, hosts: hostStates, clusters };
}

const controlPlaneDaemons = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "keeper"];
const nodeDaemonNames = ["containerd", "kubelet", "kube-proxy", "network-policies"];

async function inspectHost(
  plan: HostPlan,
  address: string | undefined,
  daemons: readonly string[],
): Promise<HostState> {
  const host = await findHost(plan);
  const running = await runningDaemons(plan);
  return { name: plan.name, pid: host?.pid, address, missingDaemons: daemons.filter((name) => !running.has(name)) };
}

async function inspectCluster(plan: ClusterPlan, isReachable: boolean): Promise<ClusterState> {
  const apiReady = isReachable && (await isApiReady(plan));
  const unknown = plan.spec.nodes.map(({ name }) => ({ name, ready: false }));
  const nodes = apiReady ? await nodesOf(plan).catch(() => unknown) : unknown;
  return { name: plan.spec.name, server: plan.server, apiReady, nodes };
}
