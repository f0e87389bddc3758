import { test } from "vitest";

/** Whether what takes long runs as well: `npm run test:long`. */
export const isLong = process.env["LINLY_MESH_LONG"] === "true";

/** A long test that needs what its file prepares for others; a file of long tests alone is named `*.long.test.ts`. */
export function longTest(name: string, run: () => Promise<void>): void {
  if (isLong) test(name, run);
}
