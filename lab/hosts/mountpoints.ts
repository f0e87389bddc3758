import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../errors.ts";

/** What a Kubernetes node keeps outside /run: every node host gets its own, at the place where charts look for it. */
export const nodeDirectories = [
  "/etc/cni/net.d",
  "/opt/cni/bin",
  "/var/lib/cni",
  "/var/lib/containerd",
  "/var/lib/kubelet",
  "/var/log/containers",
  "/var/log/pods",
] as const;

const record = "made-mountpoints";

/** Makes the mount points that the machine lacks; what is made is noted first, so that `down` takes it away again. */
export async function makeMountpoints(stateDir: string): Promise<void> {
  for (const directory of nodeDirectories) {
    const missing: string[] = [];
    for (let at: string = directory; !existsSync(at); at = dirname(at)) missing.unshift(at);
    if (missing.length === 0) continue;
    await appendFile(join(stateDir, record), missing.map((path) => `${path}\n`).join(""));
    await mkdir(directory, { recursive: true });
  }
}

/** The mount points that the lab made and that are still there. */
export async function madeMountpoints(stateDir: string): Promise<string[]> {
  const text = await readFile(join(stateDir, record), "utf8").catch(() => "");
  return [...new Set(text.split("\n"))].filter((path) => path !== "" && existsSync(path));
}

/** Takes away what the lab made, unless something else has come to use it. */
export async function removeMountpoints(stateDir: string): Promise<void> {
  const deepestFirst = (await madeMountpoints(stateDir)).sort((a, b) => b.length - a.length);
  for (const path of deepestFirst) {
    await rmdir(path).catch((error: unknown) => {
      if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "ENOENT") throw error;
    });
  }
}
