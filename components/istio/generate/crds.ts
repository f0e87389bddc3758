import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { kinds } from "./kinds.ts";
import { parseSchema, type CrdSchema } from "./schema.ts";

const apiModule = "istio.io/api";

/** The version of istio.io/api that a go.mod builds with. */
export function pinnedApiVersion(goMod: string): string {
  const version = /^\s*istio\.io\/api => istio\.io\/api (v\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new RangeError(`the go.mod replaces no ${apiModule} with a release`);
  return version;
}

/** The folder whose go.mod pins Istio. */
export function istioModuleFolder(projectDir: string): string {
  return join(projectDir, "lab", "tools", "istio");
}

/** The CRDs of Istio, of the version that the lab's Istio is built with. Go fetches the module where it is missing. */
export function pinnedCrds(projectDir: string): { version: string; text: string } {
  const answer = execFileSync("go", ["mod", "download", "-json", apiModule], {
    cwd: istioModuleFolder(projectDir),
    encoding: "utf8",
  });
  const { Version: version, Dir: folder } = z
    .object({ Version: z.string(), Dir: z.string() })
    .parse(JSON.parse(answer));
  return { version, text: readFileSync(join(folder, "kubernetes", "customresourcedefinitions.gen.yaml"), "utf8") };
}

const crd = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({
        name: z.string(),
        schema: z.object({ openAPIV3Schema: z.object({ properties: z.object({ spec: z.unknown() }) }) }),
      }),
    ),
  }),
});

/** A kind, the version of its API, and the schema of its `spec`. */
export interface KindSchema {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: CrdSchema;
}

/**
 * The kinds of the table, in its order.
 *
 * @throws RangeError for a kind or version that the CRDs do not have
 */
export function kindSchemas(text: string): KindSchema[] {
  const crds = parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null)
    .map((document) => crd.parse(document).spec);
  return Object.entries(kinds).map(([kind, version]) => {
    const found = crds.find(({ names }) => names.kind === kind);
    const served = found?.versions.find(({ name }) => name === version);
    if (found === undefined || served === undefined)
      throw new RangeError(`the CRDs have no ${kind} of version ${version}`);
    const { spec } = served.schema.openAPIV3Schema.properties;
    return { kind, apiVersion: `${found.group}/${version}`, spec: parseSchema(spec) };
  });
}
