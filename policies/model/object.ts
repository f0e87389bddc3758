import { at, textAt } from "./values.ts";
import type { Value, ValueObject } from "./values.ts";

/** A Kubernetes object that a program registers. */
export interface KubernetesObject {
  readonly urn: string;
  /** `group/Kind`, e.g. `apps/Deployment`; `Service` where there is no group. */
  readonly kind: string;
  /** Undefined where it is not known yet. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly metadata: Value | undefined;
  readonly spec: Value | undefined;
}

/**
 * The kind of a resource, `group/Kind`, or undefined for what is no Kubernetes object. Pulumi's type says it for the
 * Kubernetes provider, for custom resources too: `kubernetes:networking.istio.io/v1:VirtualService`. For any other
 * package the object itself does. A Patch holds a part of an object, which no rule can judge: it has no kind here.
 */
export function kindOf(type: string, properties: () => ValueObject): string | undefined {
  const [, apiVersion, kind] = /^kubernetes:([^:]+):(\w+)$/.exec(type) ?? ownKind(type, properties);
  if (apiVersion === undefined || kind === undefined || kind.endsWith("Patch")) return undefined;
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  return group === "" || group === "core" ? kind : `${group}/${kind}`;
}

function ownKind(type: string, properties: () => ValueObject): (string | undefined)[] {
  if (type.startsWith("pulumi:")) return [];
  const own = properties();
  return [undefined, textAt(own, "apiVersion"), textAt(own, "kind")];
}

export function objectOf(urn: string, kind: string, properties: ValueObject): KubernetesObject {
  const metadata = at(properties, "metadata");
  const namespace = at(metadata, "namespace") ?? "default";
  return {
    urn,
    kind,
    namespace: typeof namespace === "string" ? namespace : undefined,
    name: textAt(metadata, "name"),
    metadata,
    spec: at(properties, "spec"),
  };
}

/** `VirtualService linly/llm-service`; what is not known yet goes by the resource's name in the program. */
export function titleOf({ urn, kind, namespace, name }: KubernetesObject): string {
  const shortKind = kind.split("/").at(-1);
  if (name === undefined || namespace === undefined) return `${shortKind} ${urn.split("::").at(-1)}`;
  return `${shortKind} ${namespace}/${name}`;
}
