import { describe, test } from "vitest";
import { missingForLab } from "./requirements.ts";

const cannot = missingForLab() !== undefined;

/** A group of tests that needs a lab, or its tools: skipped, and counted as such, on a machine that cannot have one. */
export const describeOnLab = describe.skipIf(cannot);

/** The same for a test without a group. */
export const testOnLab = test.skipIf(cannot);
