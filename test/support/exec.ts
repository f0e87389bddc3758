import { execFile } from "node:child_process";
import { ensureTools } from "../../lab/tools/build.ts";

/** What a request from inside a pod met: its status, or the error's code. */
export interface PodRequest {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly url: string;
}

/**
 * The status that a GET from inside a container gets, through its sidecar. Containers of the lab's services have Node.
 * A connection that fails is told as the text `error: <code>`.
 */
export async function statusFromPod({ kubeconfig, namespace, pod, container, url }: PodRequest): Promise<string> {
  const { kubectl } = await ensureTools(console.log, ["kubectl"]);
  const script = `require("node:http").get(${JSON.stringify(url)}, (r) => { r.resume(); console.log(r.statusCode); })
    .on("error", (e) => console.log("error: " + e.code));`;
  const args = ["--kubeconfig", kubeconfig, "--namespace", namespace, "exec", pod, "--container", container, "--"];
  return new Promise((resolve, reject) => {
    execFile(
      kubectl,
      [...args, "node", "-e", script],
      { encoding: "utf8", timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trim());
        else reject(new Error(`kubectl exec in ${pod}: ${stderr || error.message}`));
      },
    );
  });
}
