import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { pinnedCrds } from "../../components/istio/generate/crds.ts";
import { generatedFiles } from "../../components/istio/generate/files.ts";
import { describeOnLab } from "../support/on-lab.ts";

const folder = join(projectDir, "components", "istio", "generated");

/** Go alone is needed, for the module with the CRDs; it comes with what a lab needs. */
describeOnLab("the types of Istio's resources", () => {
  const there = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));
  let crds: { version: string; text: string };

  beforeAll(() => {
    crds = pinnedCrds(projectDir);
  });

  test("are those of the pinned CRDs (npm run generate)", async () => {
    const made = await generatedFiles(crds.version, crds.text);
    expect([...there.keys()].toSorted()).toEqual([...made.keys()].toSorted());
    for (const [file, text] of made) expect(there.get(file), file).toBe(text);
  });

  test("the control: a CRD that differs gives other types", async () => {
    const text = crds.text.replaceAll("- REGISTRY_ONLY", "- REGISTRY_AND_MORE");
    const made = await generatedFiles(crds.version, text);
    expect([...made].filter(([file, types]) => types !== there.get(file)).map(([file]) => file)).toEqual([
      "sidecar.ts",
    ]);
  });

  test("the control: a table that names what is no longer there is refused", async () => {
    const text = crds.text.replaceAll(/^( *)retryBudget:$/gm, "$1budget:");
    await expect(generatedFiles(crds.version, text)).rejects.toThrow(/do(es)? not have: .*retryBudget/);
  });
});
