import type { Cluster } from "./cluster.ts";
import type { Entry } from "./entry.ts";
import { EngineError } from "../errors.ts";
import type { Inventory } from "./inventory.ts";
import { at, isObject, listAt, textAt } from "../json.ts";
import { idOf, titleOf } from "./kubernetes.ts";
import type { KubernetesObject } from "./kubernetes.ts";

/** The field manager under which the engine applies what a stack owns. */
export const fieldManager = "linly-mesh";

/** Whether the engine has applied this object: the API server remembers who manages its fields. */
export function isManaged(live: KubernetesObject): boolean {
  return listAt(live, "metadata", "managedFields").some(
    (fields) => textAt(fields, "manager") === fieldManager && textAt(fields, "operation") === "Apply",
  );
}

/**
 * Whether a manager that applies has this field, alone or with others, by itself or as a part of what is one value to the
 * API server. In lists, whose items it knows by other names than their place, every field counts as the manager's.
 */
export function isManagedBy(live: KubernetesObject, manager: string, steps: readonly (string | number)[]): boolean {
  return listAt(live, "metadata", "managedFields").some((fields) => {
    if (textAt(fields, "manager") !== manager || textAt(fields, "operation") !== "Apply") return false;
    let found = at(fields, "fieldsV1");
    for (const step of steps) {
      if (typeof step === "number" || (isObject(found) && Object.keys(found).length === 0)) return true;
      found = at(found, `f:${step}`);
      if (found === undefined) return false;
    }
    return true;
  });
}

/** Whether an entry of the inventory means this very object, not a later one of the same name. */
export function isOwn(entry: Entry, live: KubernetesObject): boolean {
  return entry.uid === undefined ? isManaged(live) : entry.uid === textAt(live, "metadata", "uid");
}

/** Refuses an object that was there before and that the stack does not own. */
export async function mustBeOwn(live: KubernetesObject, inventory: Inventory, cluster: Cluster): Promise<void> {
  const entry = inventory.find(idOf(live));
  if (entry !== undefined && isOwn(entry, live)) return;
  const title = `${titleOf(idOf(live))} on cluster ${cluster.name}`;
  if (!isManaged(live)) {
    const managers = listAt(live, "metadata", "managedFields").map((fields) => textAt(fields, "manager") ?? "someone");
    const by = managers.length === 0 ? "" : `, made by ${[...new Set(managers)].join(", ")}`;
    throw new EngineError(
      `${title} exists already and is not this stack's${by}; ` +
        "delete it, take it over with upsertExistingObjects on the provider, or change it with a Patch resource",
    );
  }
  // An object that was applied by the engine and is in no inventory has lost its own: it is taken up again.
  const other = await inventory.otherOwner(textAt(live, "metadata", "uid") ?? "");
  if (other !== undefined) throw new EngineError(`${title} belongs to another stack: ConfigMap kube-system/${other}`);
}
