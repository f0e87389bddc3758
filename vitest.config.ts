import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { cacheRoot } from "./lab/tools/cache.ts";
import { Order } from "./test/support/order.ts";

/* What takes long and repeats at scale, or under a kill, what other files show once: `npm run test:long`. */
const long = "**/*.long.test.ts";

/* Files that run side by side share what they load, and the plans of whole stacks (test/support/stack.ts). */
const layer = (name: string, timeoutSeconds: number, parallel: boolean, globalSetup: string[] = []) => ({
  extends: true as const,
  test: {
    name,
    globalSetup,
    include: [`test/${name}/**/*.test.ts`],
    exclude: process.env["LINLY_MESH_LONG"] === "true" ? [] : [long],
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
      layer("pure", 180, true),
      layer("process", 180, true),
      // These three run beside others, with what those leave of the cores.
      layer("program", 600, true),
      layer("command", 600, true),
      layer("engine", 900, false),
      layer("control-plane", 600, false),
      layer("wire", 900, false, ["test/wire/lab.ts"]),
      layer("multicluster", 900, false),
      layer("teardown", 900, false),
    ],
  },
});
