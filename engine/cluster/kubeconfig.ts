import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { EngineError, messageOf } from "../errors.ts";
import type { ProviderSpec } from "../program/provider.ts";

/** The way to one cluster, for the engine itself and for helm. */
export interface Access {
  readonly config: KubeConfig;
  readonly helmArgs: readonly string[];
  /** The path that was given, empty for what kubectl would use; undefined where it was the content. */
  readonly path: string | undefined;
  readonly context: string;
  /** The certificate that the kubeconfig has for us, if it has one and it can be read. */
  clientCertificate(): Buffer | undefined;
  /** Removes what had to be written for helm. */
  dispose(): Promise<void>;
}

/** Follows a provider's kubeconfig, a file relative to the program, its content or what kubectl would use, to one context of it. */
export async function accessTo(provider: ProviderSpec, dir: string): Promise<Access> {
  const { name, kubeconfig } = provider;
  if (kubeconfig === undefined) throw new EngineError(`cluster ${name}: its kubeconfig is not known`);
  const isContent = kubeconfig.includes("\n") || kubeconfig.trimStart().startsWith("{");
  const files = isContent ? [] : filesOf(kubeconfig, name, dir);
  let config: KubeConfig;
  try {
    config = isContent ? parsed(kubeconfig) : merged(files);
  } catch (error) {
    throw new EngineError(`cluster ${name}: its kubeconfig can't be read: ${isContent ? "" : messageOf(error)}`);
  }
  const context = provider.context ?? config.getCurrentContext();
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map((known) => known.name);
    const others = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    throw new EngineError(`cluster ${name}: its kubeconfig has no context "${context}"; ${others}`);
  }
  config.setCurrentContext(context);
  const clientCertificate = () => certificateOf(config);
  if (!isContent) {
    // What kubectl would use helm finds by itself.
    const args = helmArgs(kubeconfig === "" ? undefined : files[0], context);
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

/** The files that a path stands for: it alone, or those that kubectl would use, which may be several. */
function filesOf(kubeconfig: string, name: string, dir: string): string[] {
  if (kubeconfig !== "") {
    const path = resolve(dir, kubeconfig);
    if (existsSync(path)) return [path];
    throw new EngineError(`cluster ${name}: there is no kubeconfig at ${kubeconfig}`);
  }
  const listed = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  const ofHome = join(homedir(), ".kube", "config");
  const files = (listed.length > 0 ? listed : [ofHome]).filter((file) => existsSync(file));
  if (files.length > 0) return files;
  const where =
    listed.length > 0
      ? `KUBECONFIG names ${listed.join(delimiter)}`
      : `KUBECONFIG names none, and there is none at ${ofHome}`;
  throw new EngineError(`cluster ${name}: there is no kubeconfig: ${where}`);
}

function parsed(content: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(content);
  return config;
}

/** Several files as kubectl sees them: of two entries of one name, and of two current contexts, the first counts. */
function merged([first = "", ...others]: readonly string[]): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(first);
  for (const file of others) {
    const other = new KubeConfig();
    other.loadFromFile(file);
    config.clusters.push(...other.clusters);
    config.users.push(...other.users);
    config.contexts.push(...other.contexts);
    config.currentContext ||= other.currentContext;
  }
  return config;
}

function helmArgs(file: string | undefined, context: string): string[] {
  return [...(file === undefined ? [] : ["--kubeconfig", file]), "--kube-context", context];
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
