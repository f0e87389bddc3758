import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { kubectl } from "./kubectl.ts";
import { recordingProxy, type RecordingProxy } from "./recording-proxy.ts";
import { rbacFile } from "./rights.ts";

/** Namespace of the identities of docs/rbac. */
export const accessNamespace = "linly-mesh-access";

const clusters = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) }),
  ]),
});

/** One of docs/rbac's identities at work: what it asks goes by a proxy that remembers it. */
export interface Identity {
  /** As docs/rbac/kubeconfig.yaml has it, with a token for an hour. */
  readonly kubeconfig: string;
  readonly proxy: RecordingProxy;
  stop(): Promise<void>;
}

/** @param admin kubeconfig of who may ask for tokens */
export async function identity(admin: string, name: string): Promise<Identity> {
  const { cluster } = clusters.parse(parse(await readFile(admin, "utf8"))).clusters[0];
  const ca = cluster["certificate-authority-data"];
  const proxy = await recordingProxy(cluster.server, Buffer.from(ca, "base64").toString());
  const token = await kubectl(admin, ["--namespace", accessNamespace, "create", "token", name, "--duration", "1h"]);
  const folder = await mkdtemp(join(tmpdir(), "linly-mesh-identity-"));
  const kubeconfig = join(folder, "kubeconfig");
  const content = rbacFile("kubeconfig.yaml")
    .replaceAll("CONTEXT", "local")
    .replaceAll("IDENTITY", name)
    .replace("https://SERVER", proxy.url)
    .replace("data: CA", `data: ${Buffer.from(proxy.ca).toString("base64")}`)
    .replace("token: TOKEN", `token: ${token.trim()}`);
  await writeFile(kubeconfig, content, { mode: 0o600 });
  const stop = async () => {
    await proxy.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { kubeconfig, proxy, stop };
}
