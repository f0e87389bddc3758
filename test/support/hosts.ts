import type { LabState } from "../../lab/spec.ts";
import { ended } from "./command.ts";

/**
 * What an HTTP request gets that a process on a host of the lab sends, outside of any pod: its status, or `error: <code>`.
 *
 * @param host `<cluster>/<node>` or `<cluster>/control-plane`
 * @param ca whom to trust, for https
 */
export async function statusFromHost(lab: LabState, host: string, url: string, ca?: string): Promise<string> {
  const pid = lab.hosts.find(({ name }) => name === host)?.pid;
  if (pid === undefined) throw new Error(`the host ${host} is not running`);
  const inNetwork = ["--target", String(pid), "--net", "--", process.execPath, "--eval", requestScript(url, ca)];
  const { code, stdout, stderr } = await ended("nsenter", inNetwork);
  if (code !== 0) throw new Error(`nsenter to ${host}: ${stderr}`);
  return stdout.trim();
}

/** Prints what a request gets. */
export function requestScript(url: string, ca?: string): string {
  const options = JSON.stringify({ timeout: 5000, ca });
  return `const request = require(${JSON.stringify(new URL(url).protocol.replace(":", ""))}).get(${JSON.stringify(url)}, ${options}, (r) => {
      r.resume();
      console.log(r.statusCode);
    });
    request.on("timeout", () => request.destroy(Object.assign(new Error(), { code: "no answer" })));
    request.on("error", (e) => console.log("error: " + e.code));`;
}
