import type { Step } from "../../engine/index.ts";
import { eastWestNamespace } from "../../components/istio/values.ts";
import { readerName } from "../../components/multicluster/reader.ts";

/** Manifests that a person applies together, at one step of the way to a mesh of two clusters. */
export type RegionPart =
  | "namespaces"
  | "certificates"
  // The way for remotes to the primary's istiod.
  | "istiod-exposed"
  // The account by which the primary reads the remote.
  | "reader"
  // Made by istioctl, and not from a file.
  | "remote-secret"
  | "services-exposed"
  | "objects";

export function regionPartOf({ inputs }: Pick<Step, "inputs">): RegionPart {
  const { kind, apiVersion } = inputs;
  const { name, namespace } = namesOf(inputs["metadata"]);
  if (kind === "Namespace") return "namespaces";
  if (String(apiVersion).startsWith("cert-manager.io/")) return "certificates";
  if (name.startsWith("istio-remote-secret-")) return "remote-secret";
  if (name.startsWith(readerName)) return "reader";
  if (namespace === eastWestNamespace && String(apiVersion).startsWith("networking.istio.io/")) {
    return name === "istiod" ? "istiod-exposed" : "services-exposed";
  }
  return "objects";
}

function namesOf(metadata: unknown): { readonly name: string; readonly namespace: string } {
  if (typeof metadata !== "object" || metadata === null) return { name: "", namespace: "" };
  const { name, namespace } = { name: "", namespace: "", ...metadata };
  return { name: String(name), namespace: String(namespace) };
}
