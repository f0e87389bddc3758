import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Host, runIn } from "../hosts/host.ts";
import { writeAtomically } from "../state.ts";
import { containerdSocket, snapshotterOf } from "./node.ts";
import type { ClusterTools } from "./tools.ts";

/** An image and the OCI archive it comes from. Archives are keyed by content: another content has another path. */
export interface LabImage {
  name: string;
  archive: string;
}

/** Brings the archives into the node's containerd that it doesn't have yet. */
export async function importImages(host: Host, tools: ClusterTools, images: readonly LabImage[]): Promise<void> {
  const record = join(host.plan.dir, "images.json");
  const imported = new Map<string, string>(
    Object.entries(JSON.parse(await readFile(record, "utf8").catch(() => "{}"))),
  );
  const snapshotter = snapshotterOf(await readFile(join(host.plan.dir, "containerd.toml"), "utf8"));
  for (const { name, archive } of images) {
    if (imported.get(name) === archive) continue;
    await runIn(host, tools.ctr, [
      `--address=${containerdSocket}`,
      "--namespace=k8s.io",
      "images",
      "import",
      "--local", // not by way of containerd's transfer service, which takes more than twice as long
      `--snapshotter=${snapshotter}`,
      archive,
    ]);
    imported.set(name, archive);
    await writeAtomically(record, JSON.stringify(Object.fromEntries(imported)));
  }
}
