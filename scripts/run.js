// Runs a TypeScript entry point of this project, on any machine with Node 20 or newer and npm:
// installs the locked dependencies when they are missing or stale, then hands over to the Node they bring.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

/** The Node of node_modules where there is one for this platform, else the one that runs this. */
function nodePath() {
  const bundled = join(root, "node_modules", ".bin", "node");
  return existsSync(bundled) ? bundled : process.execPath;
}

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) fail("usage: node scripts/run.js ENTRY [ARGUMENT …]");
installDependencies();
const { status, signal, error } = spawnSync(
  nodePath(),
  ["--disable-warning=ExperimentalWarning", join(root, entry), ...args],
  {
    stdio: "inherit",
    env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}` },
  },
);
if (error !== undefined) fail(error.message);
if (signal !== null) process.kill(process.pid, signal);
process.exit(status ?? 1);
