import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files on the lab of two clusters, so that each finds what it needs: the first two leave nothing, and what the third makes
 * from nothing is what the others begin with. Alone, each makes it itself.
 */
const ofRegions = ["lab", "multi-primary", "primary-remote", "region-loss", "geography.long", "day-two"].map(
  (name) => `${name}.test.ts`,
);

/** As Vitest orders them, but for those of which one saves another its work. */
export class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

/** Those of other projects first, those of two clusters that are not listed last. */
function rankOf({ project, moduleId }: TestSpecification): number {
  if (project.name !== "multicluster") return -1;
  const at = ofRegions.indexOf(basename(moduleId));
  return at < 0 ? ofRegions.length : at;
}
