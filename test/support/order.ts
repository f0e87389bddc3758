import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files on the lab of two clusters, so that each finds what it needs: the first two leave nothing, and what the third makes
 * from nothing is what the others begin with. Alone, each makes it itself.
 */
const ofRegions = ["lab", "multi-primary", "primary-remote", "region-loss", "day-two"].map((name) => `${name}.test.ts`);

/** As Vitest orders them, but for those of which one saves another its work. */
export class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const first = ofRegions.flatMap((name) => sorted.filter((file) => isOfRegions(file) && nameOf(file) === name));
    const others = sorted.filter((file) => !first.includes(file));
    const at = others.findIndex(isOfRegions);
    return others.toSpliced(at < 0 ? others.length : at, 0, ...first);
  }
}

function isOfRegions({ project }: TestSpecification): boolean {
  return project.name === "multicluster";
}

function nameOf({ moduleId }: TestSpecification): string {
  return basename(moduleId);
}
