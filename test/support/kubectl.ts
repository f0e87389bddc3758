import { execFile } from "node:child_process";
import { ensureTools } from "../../lab/tools/build.ts";

/** What kubectl prints for these arguments, with `input` as what it reads. */
export async function kubectl(kubeconfig: string, args: readonly string[], input = ""): Promise<string> {
  const { kubectl: command } = await ensureTools(console.log, ["kubectl"]);
  return new Promise((resolve, reject) => {
    const options = { encoding: "utf8", timeout: 300_000, maxBuffer: 2 ** 28 } as const;
    const child = execFile(command, ["--kubeconfig", kubeconfig, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`kubectl ${args.join(" ")}: ${stderr || error.message}`));
    });
    child.stdin?.end(input);
  });
}

/**
 * Does `work` while objects are there that the program does not know: the same traffic without a rule, or under the rule as
 * it is commonly written.
 */
export async function withObjects<T>(
  kubeconfig: string,
  objects: readonly object[],
  work: () => Promise<T>,
): Promise<T> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  await kubectl(kubeconfig, ["apply", "--filename", "-"], list);
  try {
    return await work();
  } finally {
    await kubectl(kubeconfig, ["delete", "--ignore-not-found", "--filename", "-"], list);
  }
}

/** Waits until all pods of a Deployment are as it says. */
export function rolledOut(kubeconfig: string, namespace: string, deployment: string): Promise<string> {
  const status = ["rollout", "status", `deployment/${deployment}`, "--timeout=240s"];
  return kubectl(kubeconfig, ["--namespace", namespace, ...status]);
}

/** Replaces the pods of a Deployment, and waits for the new ones. */
export async function restarted(kubeconfig: string, namespace: string, deployment: string): Promise<void> {
  await kubectl(kubeconfig, ["--namespace", namespace, "rollout", "restart", `deployment/${deployment}`]);
  await rolledOut(kubeconfig, namespace, deployment);
}
