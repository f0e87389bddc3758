import { isObject, textAt } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";

/** Which object of a cluster is meant, whatever its content. */
export interface ObjectId {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for an object that belongs to no namespace. */
  readonly namespace?: string;
  readonly name: string;
}

/** A Kubernetes object as JSON: what any object has, and whatever its kind adds. */
export interface KubernetesObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: JsonObject & { name: string };
}

export function isKubernetesObject(value: Json | undefined): value is KubernetesObject {
  return (
    isObject(value) &&
    typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" &&
    textAt(value, "metadata", "name") !== undefined
  );
}

export function idOf(object: KubernetesObject): ObjectId {
  const namespace = textAt(object, "metadata", "namespace");
  const { apiVersion, kind } = object;
  return { apiVersion, kind, name: object.metadata.name, ...(namespace === undefined ? {} : { namespace }) };
}

export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** As a person would call it: `Deployment linly/llm-v1`. */
export function titleOf(id: { kind: string; namespace?: string | undefined; name: string }): string {
  return `${id.kind} ${pathOf(id)}`;
}

/** `namespace/name`, or the name alone: also the id of Pulumi's resource. */
export function pathOf(id: { namespace?: string | undefined; name: string }): string {
  return id.namespace === undefined ? id.name : `${id.namespace}/${id.name}`;
}

/** The same object whatever version of its API it is written in. */
export function sameObject(left: ObjectId, right: ObjectId): boolean {
  return keyOf(left) === keyOf(right);
}

export function keyOf(id: ObjectId): string {
  return [groupOf(id.apiVersion), id.kind, id.namespace ?? "", id.name].join("|");
}
