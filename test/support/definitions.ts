import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { pinnedCrds } from "../../components/istio/generate/crds.ts";
import { projectDir } from "../../cli/project.ts";
import type { JsonObject } from "../../engine/index.ts";
import type { ApiServer } from "./api-server.ts";
import { at } from "./plan.ts";

const operatorModule = "github.com/prometheus-operator/prometheus-operator";

/** Where an API server keeps its definitions. */
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** What a definition defines: `VirtualService`. */
function kindOf(definition: JsonObject): string {
  return String(at(definition, "spec", "names", "kind"));
}

/** The definition of one of Istio's kinds, of the version that the program is written for. */
export function istioDefinition(kind: string): JsonObject {
  const found = documentsOf(pinnedCrds(projectDir).text).find((definition) => kindOf(definition) === kind);
  if (found === undefined) throw new Error(`Istio defines no ${kind}`);
  return found;
}

/** The definition of one of the Prometheus operator's kinds, from its pinned module, which Go fetches where it is missing. */
export function operatorDefinition(plural: string): JsonObject {
  const cwd = join(projectDir, "test", "control-plane", "fixtures", "prometheus-operator");
  const answer = execFileSync("go", ["mod", "download", "-json", operatorModule], { cwd, encoding: "utf8" });
  const { Dir: folder } = z.object({ Dir: z.string() }).parse(JSON.parse(answer));
  const file = join(folder, "example", "prometheus-operator-crd", `monitoring.coreos.com_${plural}.yaml`);
  const [definition] = documentsOf(readFileSync(file, "utf8"));
  if (definition === undefined) throw new Error(`${file} is empty`);
  return definition;
}

/** Gives the API server a definition, and waits until it serves the kind. */
export async function define(server: ApiServer, definition: JsonObject): Promise<void> {
  const { status, body } = await server.request("POST", definitions, definition);
  if (status !== 201) throw new Error(`${kindOf(definition)} was not defined: ${String(at(body, "message"))}`);
  const [group, version, plural] = [
    at(definition, "spec", "group"),
    at(definition, "spec", "versions", 0, "name"),
    at(definition, "spec", "names", "plural"),
  ];
  const served = `/apis/${String(group)}/${String(version)}/${String(plural)}`;
  await vi.waitUntil(async () => (await server.request("GET", served)).status === 200, {
    timeout: 60_000,
    interval: 100,
  });
}

function documentsOf(text: string): JsonObject[] {
  return parseAllDocuments(text)
    .map((document): JsonObject | null => document.toJS())
    .filter((document) => document !== null);
}
