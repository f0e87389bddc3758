import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { EngineError, messageOf } from "../errors.ts";
import type { ProviderSpec } from "../program/provider.ts";

/** The way to one cluster, for the engine itself and for helm. */
export interface Access {
  readonly config: KubeConfig;
  readonly helmArgs: readonly string[];
  /** The path that was given; undefined where it was the content. */
  readonly path: string | undefined;
  readonly context: string;
  /** The certificate that the kubeconfig has for us, if it has one and it can be read. */
  clientCertificate(): Buffer | undefined;
  /** Removes what had to be written for helm. */
  dispose(): Promise<void>;
}

/** Follows a provider's kubeconfig, a file relative to the program or its content, to one context of it. */
export async function accessTo(provider: ProviderSpec, dir: string): Promise<Access> {
  const { name, kubeconfig } = provider;
  if (kubeconfig === undefined) throw new EngineError(`cluster ${name}: its kubeconfig is not known`);
  const isContent = kubeconfig.includes("\n") || kubeconfig.trimStart().startsWith("{");
  const path = isContent ? undefined : resolve(dir, kubeconfig);
  if (path !== undefined && !existsSync(path)) {
    throw new EngineError(`cluster ${name}: there is no kubeconfig at ${kubeconfig}`);
  }
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromString(kubeconfig);
    else config.loadFromFile(path);
  } catch (error) {
    throw new EngineError(
      `cluster ${name}: its kubeconfig can't be read: ${path === undefined ? "" : messageOf(error)}`,
    );
  }
  const context = provider.context ?? config.getCurrentContext();
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map((known) => known.name);
    const others = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    throw new EngineError(`cluster ${name}: its kubeconfig has no context "${context}"; ${others}`);
  }
  config.setCurrentContext(context);
  const clientCertificate = () => certificateOf(config);
  if (path !== undefined) {
    const args = helmArgs(path, context);
    return { config, helmArgs: args, path: kubeconfig, context, clientCertificate, dispose: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), "linly-mesh-kubeconfig-"));
  const file = join(folder, "config");
  await writeFile(file, kubeconfig, { mode: 0o600 });
  return {
    config,
    helmArgs: helmArgs(file, context),
    path: undefined,
    context,
    clientCertificate,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

function helmArgs(file: string, context: string): string[] {
  return ["--kubeconfig", file, "--kube-context", context];
}

function certificateOf(config: KubeConfig): Buffer | undefined {
  const user = config.getCurrentUser();
  if (user?.certData !== undefined) return Buffer.from(user.certData, "base64");
  try {
    return user?.certFile === undefined ? undefined : readFileSync(user.certFile);
  } catch {
    return undefined;
  }
}
