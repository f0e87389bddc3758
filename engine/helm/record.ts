import { gunzipSync } from "node:zlib";
import type { Cluster } from "../cluster/cluster.ts";
import { isObject, numberAt, textAt, toJson } from "../json.ts";
import type { Json, JsonObject } from "../json.ts";

/** Helm's own record of a release's latest revision, which it keeps in a Secret of the release's namespace. */
export interface HelmRecord {
  readonly revision: number;
  /** The latest revision that was wholly deployed, now or before. */
  readonly lastDeployed: number | undefined;
  /** `deployed`, `failed`, `pending-install`, `pending-upgrade`, `pending-rollback`, `uninstalling`, … */
  readonly status: string;
  readonly values: JsonObject;
  readonly manifest: string;
  readonly chart: { readonly name: string; readonly version: string; readonly appVersion: string };
}

export async function latestRecord(
  cluster: Cluster,
  release: { name: string; namespace: string },
): Promise<HelmRecord | undefined> {
  const { name, namespace } = release;
  const secrets = await cluster.list(
    { apiVersion: "v1", kind: "Secret", namespace },
    { labelSelector: `owner=helm,name=${name}` },
  );
  const revision = (secret: Json) => Number(textAt(secret, "metadata", "labels", "version") ?? 0);
  const latest = secrets.sort((left, right) => revision(right) - revision(left)).at(0);
  if (latest === undefined) return undefined;
  const status = (secret: Json) => textAt(secret, "metadata", "labels", "status") ?? "";
  const deployed = secrets.find((secret) => ["deployed", "superseded"].includes(status(secret)));
  const record = decoded(textAt(latest, "data", "release") ?? "");
  const { config } = record;
  return {
    revision: numberAt(record, "version") ?? revision(latest),
    lastDeployed: deployed === undefined ? undefined : revision(deployed),
    status: textAt(record, "info", "status") ?? "unknown",
    values: isObject(config) ? config : {},
    manifest: textAt(record, "manifest") ?? "",
    chart: {
      name: textAt(record, "chart", "metadata", "name") ?? "",
      version: textAt(record, "chart", "metadata", "version") ?? "",
      appVersion: textAt(record, "chart", "metadata", "appVersion") ?? "",
    },
  };
}

/** Helm packs the record as JSON, gzip and base64; the Secret's own base64 comes on top. */
function decoded(data: string): JsonObject {
  const packed = Buffer.from(Buffer.from(data, "base64").toString("utf8"), "base64");
  const record = toJson(JSON.parse(gunzipSync(packed).toString("utf8")));
  return isObject(record) ? record : {};
}
