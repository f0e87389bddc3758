import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cachedTool, ensureTools } from "../lab/tools/build.ts";

/** The pinned helm, built on first use. */
export async function helmPath(progress: (line: string) => void): Promise<string> {
  return (await ensureTools(progress, ["helm"])).helm;
}

/** A helm that is there already: the pinned one, else the one on PATH. */
export async function helmAtHand(): Promise<string | undefined> {
  const pinned = await cachedTool("helm");
  if (pinned !== undefined) return pinned;
  try {
    await promisify(execFile)("helm", ["version", "--short"]);
    return "helm";
  } catch {
    return undefined;
  }
}
