// Runs a TypeScript entry point of this project, on Linux with Node 20 or newer and npm (elsewhere 22.18 or newer):
// installs the locked dependencies when they are missing or stale, then hands over to the Node they bring.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { handOver } from "./hand-over.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".linly-mesh-lock");

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message);
  process.exit(1);
}

function installDependencies() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === lock) return;
  console.log("Installing the locked dependencies (npm ci) …");
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (error !== undefined) fail(`npm could not be started: ${error.message}. Node.js comes with it; install both.`);
  if (status !== 0) fail("npm ci failed; its own message stands above.");
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, lock);
}

/** The Node of node_modules where there is one for this platform, else the one that runs this, if it is new enough. */
function nodePath() {
  const bundled = join(root, "node_modules", ".bin", "node");
  if (existsSync(bundled)) return bundled;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  return fail(`On this system Node 22.18 or newer must be installed; this is ${process.versions.node}.`);
}

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) fail("usage: node scripts/run.js ENTRY [ARGUMENT …]");
installDependencies();
const path = `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`;
process.exitCode = await handOver(nodePath(), ["--disable-warning=ExperimentalWarning", join(root, entry), ...args], {
  ...process.env,
  PATH: path,
});
