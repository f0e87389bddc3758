#!/usr/bin/env node
// The linly-mesh command. Node older than 22.18 cannot run TypeScript, so it hands over to the one in node_modules.
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { handOver } from "../scripts/hand-over.js";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  // Most of a short command's time is the loading of what it needs; so it is for the programs that it starts.
  const { directory } = enableCompileCache();
  if (directory !== undefined) process.env["NODE_COMPILE_CACHE"] ??= directory;
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (existsSync(node)) {
    process.exitCode = await handOver(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], process.env);
  } else {
    console.error(
      `linly-mesh needs Node 22.18 or newer; this is ${process.versions.node}. On Linux npm ci brings one.`,
    );
    process.exitCode = 1;
  }
}
