import { waitFor } from "../../lab/wait.ts";
import { kubectl } from "./kubectl.ts";

/** A pod whose sidecar has judged requests. */
export interface Judge {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly pod: string;
}

/**
 * What a sidecar has logged of a request that it refused, by the `user-agent` that the request came with: Envoy's details of
 * the answer, such as `rbac_access_denied_matched_policy[ns[linly]-policy[tts-service-admin]-rule[0]]`; `[none]` stands for
 * no policy that lets it in. A request of which nothing is logged was not refused there: that is said in words.
 */
export async function decisionOn({ kubeconfig, namespace, pod }: Judge, userAgent: string): Promise<string> {
  const args = ["--namespace", namespace, "logs", pod, "--container", "istio-proxy"];
  let decision: string | undefined;
  const seen = async () => {
    const lines = (await kubectl(kubeconfig, args)).split("\n");
    const line = lines.find((one) => one.includes(`"${userAgent}"`));
    decision = line === undefined ? undefined : (/^\[[^\]]+\] "[^"]*" \d+ \S+ (\S+)/.exec(line)?.[1] ?? line);
    return decision !== undefined || "no line of it";
  };
  // Envoy writes its log every ten seconds.
  return waitFor(`the log of ${pod}`, { seconds: 60 }, seen).then(
    () => decision ?? "",
    (error: unknown) => `not refused: ${String(error)}`,
  );
}
