import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Attempt } from "./attempt-client.ts";
import type { Container } from "./exec.ts";
import { kubectl } from "./kubectl.ts";

export type { Attempt } from "./attempt-client.ts";

const client = readFileSync(new URL("attempt-client.ts", import.meta.url), "utf8");

/**
 * Tries all of it at once from inside a container, and tells what came of each: what the server answered, or the code with
 * which the connection ended. An attempt of which nothing is heard is told as `silence`.
 */
export async function attemptsFrom(
  { kubeconfig, namespace, pod, container }: Container,
  attempts: readonly Attempt[],
): Promise<string[]> {
  const inside = ["--namespace", namespace, "exec", pod, "--container", container, "--"];
  const node = ["node", "--input-type=module-typescript", "--eval", client, "--", JSON.stringify(attempts)];
  return z.array(z.string()).parse(JSON.parse(await kubectl(kubeconfig, [...inside, ...node])));
}
