import { failuresOf, load } from "../../cli/demo/load.ts";
import { waitFor } from "../../lab/wait.ts";
import { restarted } from "./kubectl.ts";
import { settled } from "./settled.ts";

/**
 * Replaces the caller of a stage that was for a while one of TCP: what it keeps from before would be cut in the middle of
 * what comes next, when its old listener has drained.
 *
 * @param deployment the caller's
 * @param url of requests that pass both
 */
export async function forgetListener(kubeconfig: string, deployment: string, url: string): Promise<void> {
  await restarted(kubeconfig, "linly", deployment);
  await settled(kubeconfig);
  await waitFor("a hundred requests of which none fails", { seconds: 120 }, async () => {
    const results = await load({ url, concurrency: 8, timeout: 60_000 }, (sent) => sent >= 100);
    const [first] = failuresOf(results);
    return first === undefined || first;
  });
}
