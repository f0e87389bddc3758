import { describe } from "vitest";
import { missingForLab } from "./requirements.ts";

/** A group of tests that needs a lab: skipped, and counted as such, on a machine that cannot have one. */
export const describeOnLab = describe.skipIf(missingForLab() !== undefined);
