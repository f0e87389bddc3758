#!/usr/bin/env node
// The linly-mesh command. Node older than 22.18 cannot run TypeScript, so it hands over to the one in node_modules.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `linly-mesh needs Node 22.18 or newer; this is ${process.versions.node}. Run npm ci, which brings one.`,
    );
    process.exit(1);
  }
  const { status } = spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
