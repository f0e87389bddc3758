import { createHash } from "node:crypto";
import { ApiError } from "../cluster/cluster.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { deleteAndWait } from "./delete.ts";
import { entryOf } from "../cluster/entry.ts";
import { EngineError } from "../errors.ts";
import { isObject, textAt } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { idOf, isKubernetesObject, titleOf } from "../cluster/kubernetes.ts";
import type { KubernetesObject, ObjectId } from "../cluster/kubernetes.ts";
import { fieldManager, isManagedBy, mustBeOwn } from "../cluster/ownership.ts";
import { keepLive } from "./paths.ts";
import { readinessOf } from "./readiness.ts";
import { reasonsOf } from "./reasons.ts";
import { called } from "../program/registration.ts";
import type { Registration } from "../program/registration.ts";
import type { Outcome } from "../report.ts";
import type { Session } from "../cluster/session.ts";
import { revealedObject, secret, withSecretsOf } from "../program/values.ts";
import { waitFor } from "./wait-for.ts";
import { defaultSeconds, secondsOf, until } from "../cluster/wait.ts";

export interface Applied {
  readonly id: string;
  readonly outcome: Outcome;
  readonly outputs: JsonObject;
}

const forbiddenChange = /immutable|cannot change|may not change|updates to .* are forbidden/;

/** Applies an object of the stack and waits until it is ready. */
export async function applyObject(registration: Registration, session: Session): Promise<Applied> {
  const { cluster, inventory, provider } = session;
  const { wanted, id } = await wantedOf(registration, cluster);
  const before = await presentObject(id, session);
  if (before !== undefined && !provider.upsertExistingObjects) await mustBeOwn(before, inventory, cluster);
  // Without an object there is no uid yet, whatever an earlier one of this name had.
  await inventory.put({ ...entryOf(registration, "object", id), ...uidOf(before) });
  const desired = before === undefined ? wanted : merged(wanted, before, registration, fieldManager);
  const { live, replaced } = await applyOrReplace(desired, id, before, registration, session);
  inventory.learn(id, uidOf(live));
  const { create, update } = registration.options.timeouts;
  const ready = await untilReady(live, before === undefined ? create : update, session);
  return { id: pathOfLive(ready), outcome: outcomeOf(before, live, replaced), outputs: outputsOf(registration, ready) };
}

/** Applies the fields of a Patch to an object that is not the stack's, under a manager of their own. */
export async function applyPatch(registration: Registration, session: Session): Promise<Applied> {
  const { cluster, inventory, provider } = session;
  const { wanted, id } = await wantedOf(registration, cluster);
  const before = await cluster.get(id);
  if (before === undefined) throw new EngineError(`${titleOf(id)} does not exist; a Patch only changes what is there`);
  const manager = `${fieldManager}-patch-${createHash("sha256").update(registration.urn).digest("hex").slice(0, 12)}`;
  await inventory.put({ ...entryOf(registration, "patch", id), manager, ...uidOf(before) });
  const force = provider.enablePatchForce || annotation(wanted, "patchForce") === "true";
  const live = await cluster.apply(merged(wanted, before, registration, manager), id, manager, force);
  return { id: pathOfLive(live), outcome: outcomeOf(before, live, false), outputs: outputsOf(registration, live) };
}

/** The object to apply, and which one it is: what names no namespace goes where the kubeconfig says, or to `default`. */
async function wantedOf(
  registration: Registration,
  cluster: Cluster,
): Promise<{ wanted: KubernetesObject; id: ObjectId }> {
  const { status: _, ...clear } = revealedObject(registration.inputs);
  if (!isKubernetesObject(clear)) throw new EngineError(`${called(registration)}: is no Kubernetes object`);
  const { namespaced } = await cluster.kind(clear);
  if (namespaced) clear.metadata["namespace"] ??= cluster.defaultNamespace;
  return { wanted: withoutStringData(clear), id: idOf(clear) };
}

/** A Secret's stringData can be written but never read: as data the same content is the same object. */
function withoutStringData(object: KubernetesObject): KubernetesObject {
  const { stringData, ...rest } = object;
  if (object.kind !== "Secret" || object.apiVersion !== "v1" || !isObject(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString("base64")]);
  return {
    ...rest,
    ...object,
    data: { ...(isObject(rest["data"]) ? rest["data"] : {}), ...Object.fromEntries(encoded) },
  };
}

/** The live object, unless it is on its way out: then it is waited for to be gone. */
async function presentObject(id: ObjectId, session: Session): Promise<KubernetesObject | undefined> {
  const live = await session.cluster.get(id);
  if (live === undefined || textAt(live, "metadata", "deletionTimestamp") === undefined) return live;
  await deleteAndWait(live, defaultSeconds, session);
  return undefined;
}

/** What to apply where the live value of some paths is to stay: it stays by itself where the manager does not have it. */
function merged(
  wanted: KubernetesObject,
  live: KubernetesObject,
  { options: { ignoreChanges } }: Registration,
  manager: string,
): KubernetesObject {
  const kept = keepLive(wanted, live, ignoreChanges, (steps) => isManagedBy(live, manager, steps));
  return isKubernetesObject(kept) ? kept : wanted;
}

async function applyOrReplace(
  desired: KubernetesObject,
  id: ObjectId,
  before: KubernetesObject | undefined,
  registration: Registration,
  session: Session,
): Promise<{ live: KubernetesObject; replaced: boolean }> {
  const { cluster } = session;
  const { options } = registration;
  try {
    return { live: await cluster.apply(desired, id, fieldManager, true), replaced: false };
  } catch (error) {
    const refused = error instanceof ApiError && error.status === 422 && forbiddenChange.test(error.message);
    if (!refused || before === undefined) throw inContext(error, id);
    if (options.protect)
      throw new EngineError(`${titleOf(id)} is protected and would have to be replaced: ${error.message}`);
    if (id.kind !== "Job" && options.replaceOnChanges.length === 0) {
      throw new EngineError(
        `${error.message}; the object has to be replaced: ` +
          "name the property in the option replaceOnChanges, or delete the object and run again",
      );
    }
    await session.inventory.put(entryOf(registration, "object", id));
    await deleteAndWait(before, defaultSeconds, session);
    return { live: await cluster.apply(desired, id, fieldManager, true), replaced: true };
  }
}

function inContext(error: unknown, id: ObjectId): unknown {
  if (!(error instanceof ApiError)) return error;
  return new EngineError(error.message.includes(id.name) ? error.message : `${titleOf(id)}: ${error.message}`);
}

async function untilReady(live: KubernetesObject, timeout: string, session: Session): Promise<KubernetesObject> {
  const id = idOf(live);
  if (annotation(live, "skipAwait") === "true") return live;
  const own = annotation(live, "waitFor");
  const readiness = own === undefined ? readinessOf(live) : waitFor(own);
  if (readiness === undefined) return live;
  let latest = live;
  const seconds = secondsOf(timeout) ?? (Number(annotation(live, "timeoutSeconds") ?? 0) || defaultSeconds);
  const wait = session.wait(`${titleOf(id)} to be ready`, titleOf(id), seconds);
  try {
    await until(wait, async () => {
      const found = await session.cluster.get(id);
      if (found === undefined) throw new EngineError(`${titleOf(id)} was deleted by someone else`);
      latest = found;
      const reason = await readiness(latest, session.cluster);
      if (reason === undefined) return undefined;
      return [reason, ...(await reasonsOf(latest, session.cluster))].join("; ");
    });
  } catch (error) {
    const reasons = await reasonsOf(latest, session.cluster).catch(() => []);
    const more = error instanceof Error ? reasons.filter((reason) => !error.message.includes(reason)) : [];
    throw more.length > 0 && error instanceof Error ? new EngineError([error.message, ...more].join("; ")) : error;
  }
  return latest;
}

function outcomeOf(before: KubernetesObject | undefined, live: KubernetesObject, replaced: boolean): Outcome {
  if (replaced) return "replace";
  if (before === undefined) return "create";
  const version = (object: KubernetesObject) => textAt(object, "metadata", "resourceVersion");
  return version(before) === version(live) ? "same" : "update";
}

/** The live object as the program sees it: secret where its inputs are, and without the bookkeeping of fields. */
export function outputsOf(registration: { readonly inputs: JsonObject }, live: KubernetesObject): JsonObject {
  const { managedFields: _, ...metadata } = live.metadata;
  const outputs = withSecretsOf(registration.inputs, { ...live, metadata });
  if (!isObject(outputs)) return {};
  const { stringData } = registration.inputs;
  if (stringData !== undefined) outputs["stringData"] = stringData;
  const { data } = live;
  if (live.kind === "Secret" && data !== undefined) outputs["data"] = secret(data);
  return outputs;
}

function uidOf(live: KubernetesObject | undefined): { uid?: string } {
  const uid = textAt(live, "metadata", "uid");
  return uid === undefined ? {} : { uid };
}

function pathOfLive(live: KubernetesObject): string {
  const { namespace, name } = idOf(live);
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function annotation(object: KubernetesObject, name: string): string | undefined {
  return textAt(object, "metadata", "annotations", `pulumi.com/${name}`);
}
