import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { programOf, projectDir } from "../../cli/project.ts";
import { parseMesh } from "../../config/parse.ts";
import { preview } from "../../engine/index.ts";
import { isLong } from "../support/long.ts";
import { validMeshOfSeveral } from "../support/mesh-arbitrary.ts";

/** The same meshes in each run, so that a failure belongs to the change that is tested; another seed tries others. */
const seed = Number(process.env["LINLY_MESH_SEED"] ?? 20_261_124);
const count = Number(process.env["LINLY_MESH_RUNS"] ?? (isLong ? 8 : 2));
const meshes = fc.sample(validMeshOfSeveral, { numRuns: count, seed });

describe(`whatever several clusters the schema accepts (LINLY_MESH_SEED=${seed})`, () => {
  test.each(meshes.map((mesh, index) => [index, mesh] as const))(
    "mesh %i is planned, keeps to this project's policies, and has Istio's resources in its primaries alone",
    async (_, raw) => {
      const mesh = parseMesh(raw, "sample");
      const config = { "linly-mesh:mesh": JSON.stringify(raw) };
      const program = programOf({ stack: "sample", path: "", mesh, config, secretKeys: [], sealed: [] });
      const packs = [{ dir: `${projectDir}/policies` }];
      const { steps, violations } = await preview(program, () => undefined, { policyPacks: packs });
      expect(violations).toEqual([]);
      const holding = steps.filter(({ inputs }) => /\.istio\.io\//.test(String(inputs["apiVersion"])));
      const primaries = mesh.clusters.filter(({ role }) => role !== "remote").map(({ name }) => name);
      expect(new Set(holding.map(({ cluster }) => cluster))).toEqual(new Set(primaries));
      const reached = steps.flatMap(({ cluster }) => cluster ?? []);
      expect(new Set(reached)).toEqual(new Set(mesh.clusters.map(({ name }) => name)));
    },
  );
});
