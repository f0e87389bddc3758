import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { cacheRoot } from "./lab/tools/cache.ts";
import { Order } from "./test/support/order.ts";

/* Files that run side by side share what they load, and the plans of whole stacks (test/support/stack.ts). */
const layer = (name: string, timeoutSeconds: number, parallel: boolean, globalSetup: string[] = []) => ({
  extends: true as const,
  test: {
    name,
    globalSetup,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    fileParallelism: parallel,
    isolate: !parallel,
  },
});

export default defineConfig({
  test: {
    environment: "node",
    // Vitest leaves one core out, which on a machine with two is half of it.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: Order },
    // Most of the time of a preview is the loading of the SDK.
    env: { NODE_COMPILE_CACHE: join(cacheRoot(), "compiled") },
    projects: [
      layer("pure", 60, true),
      layer("program", 120, true),
      layer("control-plane", 600, false),
      layer("wire", 900, false, ["test/wire/lab.ts"]),
      layer("multicluster", 900, false),
      layer("teardown", 900, false),
    ],
  },
});
