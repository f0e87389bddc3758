import { ensureTools } from "../lab/tools/build.ts";

/** The pinned helm, built on first use. */
export async function helmPath(progress: (line: string) => void): Promise<string> {
  return (await ensureTools(progress, ["helm"])).helm;
}
