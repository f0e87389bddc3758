import { EngineError } from "../errors.ts";
import type { Read } from "./host.ts";
import type { ObjectId } from "../cluster/kubernetes.ts";

/** Which object a program reads by `get`: Pulumi's type names the API, its id is `namespace/name` or the name. */
export function objectToRead({ type, name, id }: Pick<Read, "type" | "name" | "id">): ObjectId {
  const found = /^kubernetes:([^:]+):([^:]+)$/.exec(type);
  const [api, kind] = [found?.[1] ?? "", found?.[2] ?? ""];
  const isCluster = !api.startsWith("helm.sh/") && /(^|\/)v\d+((alpha|beta)\d+)?$/.test(api);
  if (!isCluster) throw new EngineError(`${name} (${type}): reading this type is not implemented`);
  const [namespace, object] = id.includes("/") ? id.split("/") : [undefined, id];
  const apiVersion = api.startsWith("core/") ? api.slice("core/".length) : api;
  return { apiVersion, kind, name: object ?? "", ...(namespace === undefined ? {} : { namespace }) };
}
