import type { Applied } from "../objects/apply.ts";
import { chartHash } from "./chart.ts";
import { entryOf } from "../cluster/entry.ts";
import type { Entry } from "../cluster/entry.ts";
import { EngineError, messageOf } from "../errors.ts";
import { chartArgs, runHelm, withValues } from "./helm.ts";
import type { Helm } from "./helm.ts";
import { latestRecord } from "./record.ts";
import type { HelmRecord } from "./record.ts";
import { holderVariable } from "../cluster/holder.ts";
import { sameJson, textAt } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { groupOf, pathOf } from "../cluster/kubernetes.ts";
import { manifestsOf } from "./manifests.ts";
import { reasonsOfPods, reasonsOfServices } from "../objects/reasons.ts";
import type { Registration } from "../program/registration.ts";
import type { ReleaseSpec } from "../program/release-spec.ts";
import type { Outcome } from "../report.ts";
import type { Session } from "../cluster/session.ts";
import { revealedObject } from "../program/values.ts";

/** Installs or upgrades a release; does nothing where the same chart is deployed with the same values. */
export async function applyRelease(registration: Registration, spec: ReleaseSpec, session: Session): Promise<Applied> {
  const { cluster, inventory, provider, run } = session;
  const id = { apiVersion: "helm.sh/v3", kind: "Release", namespace: spec.namespace, name: spec.name };
  const values = revealedObject(spec.values);
  const before = await latestRecord(cluster, spec);
  const known = inventory.find(id);
  if (before !== undefined && known === undefined && !provider.upsertExistingObjects) {
    throw new EngineError(
      `Release ${pathOf(spec)} on cluster ${cluster.name} exists already and is not this stack's; ` +
        "uninstall it, or take it over with upsertExistingObjects on the provider",
    );
  }
  const chart = await chartHash(spec, run.program.dir);
  const same = before?.status === "deployed" && known?.chart === chart && sameJson(before.values, values);
  const entry = entryOf(registration, "release", id);
  await inventory.put(known?.chart === undefined ? entry : { ...entry, chart: known.chart });
  if (!same) {
    await freeStuck(before, spec, session);
    await upgrade(spec, values, session);
    inventory.learn(id, { chart });
  }
  const after = same ? before : await latestRecord(cluster, spec);
  const outcome: Outcome = same ? "same" : before === undefined ? "create" : "update";
  return { id: pathOf(spec), outcome, outputs: outputsOf(registration, spec, after) };
}

/**
 * A helm that was killed leaves a record that it is still at work; the lease says that it is not. What it had made has to go
 * through helm again, or nobody would remember it.
 */
async function freeStuck(before: HelmRecord | undefined, spec: ReleaseSpec, session: Session): Promise<void> {
  if (before === undefined) return;
  const isPending = before.status.startsWith("pending-");
  if (isPending && before.lastDeployed !== undefined) {
    const args = ["rollback", spec.name, String(before.lastDeployed), "--namespace", spec.namespace];
    await runHelm(await helmOf(session), args, session.signal);
  } else if (isPending || before.status === "uninstalling") {
    await uninstall(spec, spec.timeout, session);
  }
}

async function upgrade(spec: ReleaseSpec, values: JsonObject, session: Session): Promise<void> {
  const chart = chartArgs(spec, session.run.program.dir);
  try {
    await withValues(values, async (file) =>
      runHelm(
        await helmOf(session),
        ["upgrade", "--install", spec.name, ...chart, "--reset-values", ...flags(spec), ...file],
        session.signal,
      ),
    );
  } catch (error) {
    const { cluster } = session;
    // What helm said stands, whether or not anything can be added to it.
    const reasons = await Promise.all([
      reasonsOfPods(cluster, spec.namespace, ""),
      reasonsOfServices(cluster, spec.namespace),
    ]).catch(() => []);
    throw new EngineError([`Release ${pathOf(spec)}: ${messageOf(error)}`, ...reasons.flat()].join("; "));
  }
}

function flags(spec: ReleaseSpec): string[] {
  const switches: [boolean, string][] = [
    [spec.createNamespace, "--create-namespace"],
    [spec.skipCrds, "--skip-crds"],
    [!spec.skipAwait, "--wait"],
    [spec.waitForJobs, "--wait-for-jobs"],
    [spec.atomic, "--atomic"],
    [spec.cleanupOnFail, "--cleanup-on-fail"],
    [spec.maxHistory !== undefined, `--history-max=${spec.maxHistory}`],
  ];
  const on = switches.filter(([isOn]) => isOn).map(([, flag]) => flag);
  return ["--namespace", spec.namespace, "--timeout", `${spec.timeout}s`, ...on];
}

/** Uninstalls a release of the inventory; one that is gone already is as good. */
export async function removeRelease(entry: Entry, session: Session): Promise<Outcome> {
  const release = { name: entry.name, namespace: entry.namespace ?? "default" };
  if ((await latestRecord(session.cluster, release)) !== undefined) {
    await uninstall(release, entry.deleteSeconds, session);
  }
  return "delete";
}

async function uninstall(
  release: { name: string; namespace: string },
  seconds: number,
  session: Session,
): Promise<void> {
  const where = ["--namespace", release.namespace, "--timeout", `${seconds}s`];
  const args = ["uninstall", release.name, "--wait", "--ignore-not-found", ...where];
  try {
    await runHelm(await helmOf(session), args, session.signal);
  } catch (error) {
    throw new EngineError(`Release ${pathOf(release)}: ${messageOf(error)}`);
  }
}

async function helmOf({ cluster, run, lost }: Session): Promise<Helm> {
  return { binary: await run.helm(), args: cluster.helmArgs, env: { [holderVariable]: run.holder }, lost };
}

function outputsOf(registration: Registration, spec: ReleaseSpec, record: HelmRecord | undefined): JsonObject {
  if (record === undefined) return registration.inputs;
  const { chart, status, revision } = record;
  const { name, namespace } = spec;
  return {
    ...registration.inputs,
    resourceNames: resourceNames(record.manifest, namespace),
    status: {
      name,
      namespace,
      status,
      revision,
      chart: chart.name,
      version: chart.version,
      appVersion: chart.appVersion,
    },
  };
}

/** Names of what a release made, by kind as the official provider writes it: `Deployment.apps/apps/v1`. */
function resourceNames(manifest: string, releaseNamespace: string): JsonObject {
  const names: Record<string, string[]> = {};
  for (const object of manifestsOf(manifest)) {
    const [apiVersion, kind] = [textAt(object, "apiVersion") ?? "", textAt(object, "kind") ?? ""];
    const group = groupOf(apiVersion);
    const key = `${kind}${group === "" ? "" : `.${group}`}/${apiVersion}`;
    const name = textAt(object, "metadata", "name") ?? "";
    const namespace = textAt(object, "metadata", "namespace");
    const path = namespace === undefined || namespace === releaseNamespace ? name : `${namespace}/${name}`;
    names[key] = [...(names[key] ?? []), path];
  }
  return names;
}
