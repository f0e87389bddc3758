import { Cluster } from "./cluster.ts";
import { EngineError } from "../errors.ts";
import { accessTo } from "./kubeconfig.ts";
import type { Access } from "./kubeconfig.ts";
import type { ProviderSpec } from "../program/provider.ts";
import type { ClusterRecord } from "./record.ts";

/** A cluster that answers and lets us in; nothing was touched there. */
export interface Reached {
  readonly provider: ProviderSpec;
  readonly access: Access;
  readonly cluster: Cluster;
  readonly version: string;
  readonly record: ClusterRecord;
}

/** Reaches a provider's cluster, or says why that can't be. */
export async function reach(provider: ProviderSpec, dir: string): Promise<Reached> {
  const { name } = provider;
  const access = await accessTo(provider, dir);
  try {
    const cluster = new Cluster(name, access);
    const { version, uid } = await cluster.connect();
    if (uid === "") throw new EngineError(`cluster ${name} has no namespace kube-system`);
    const { path, context } = access;
    const record = { name, uid, ...(path === undefined ? {} : { kubeconfig: path }), context };
    return { provider, access, cluster, version, record };
  } catch (error) {
    await access.dispose();
    throw error;
  }
}

/** Reaches a cluster that an inventory names: the very one, not another that is there now. */
export async function reachRecorded(record: ClusterRecord, dir: string): Promise<Reached> {
  const { name, kubeconfig, context, uid } = record;
  if (kubeconfig === undefined) {
    throw new EngineError(`cluster ${name}: its kubeconfig was given as content, which is never written down`);
  }
  const provider = { name, kubeconfig, context, upsertExistingObjects: false, enablePatchForce: false };
  const reached = await reach(provider, dir);
  if (reached.record.uid === uid) return reached;
  await reached.access.dispose();
  throw new EngineError(
    `cluster ${name}: context ${context} of ${kubeconfig || "the kubeconfig that kubectl would use"} leads to another cluster now (${reached.cluster.server})`,
  );
}
