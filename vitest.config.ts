import { defineConfig } from "vitest/config";

const layer = (name: string, timeoutSeconds: number, parallel: boolean) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    fileParallelism: parallel,
  },
});

export default defineConfig({
  test: {
    environment: "node",
    projects: [
      layer("pure", 60, true),
      layer("program", 120, true),
      layer("control-plane", 600, false),
      layer("wire", 900, false),
      layer("teardown", 900, false),
    ],
  },
});
