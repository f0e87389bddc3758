import { z } from "zod";
import { run } from "../../lab/run.ts";

const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
      status: z.object({
        initContainerStatuses: z.array(z.object({ name: z.string(), containerID: z.string() })).default([]),
      }),
    }),
  ),
});

/** A pod that was made for a measurement, and the id that the runtime gave its sidecar; none outside the mesh. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly sidecar: string | undefined;
}

/** kubectl on one cluster. */
export class Kubectl {
  readonly #binary: string;
  readonly #args: readonly string[];

  constructor(binary: string, kubeconfig: string, context: string) {
    this.#binary = binary;
    this.#args = ["--kubeconfig", kubeconfig, "--context", context];
  }

  run(args: readonly string[], input = ""): Promise<string> {
    return run(this.#binary, [...this.#args, ...args], input);
  }

  async apply(objects: readonly object[]): Promise<void> {
    await this.run(["apply", "--server-side", "--force-conflicts", "--filename", "-"], listOf(objects));
  }

  async delete(objects: readonly object[]): Promise<void> {
    await this.run(["delete", "--ignore-not-found", "--filename", "-"], listOf(objects));
  }

  exec({ namespace, name }: Pod, container: string, command: readonly string[]): Promise<string> {
    return this.run(["--namespace", namespace, "exec", name, "--container", container, "--", ...command]);
  }

  /** The pods of a namespace once all of its Deployments are there. */
  async pods(namespace: string): Promise<Pod[]> {
    await this.run([
      "--namespace",
      namespace,
      "wait",
      "--for=condition=Available",
      "deployment",
      "--all",
      "--timeout=120s",
    ]);
    const { items } = pods.parse(
      JSON.parse(await this.run(["--namespace", namespace, "get", "pods", "--output=json"])),
    );
    return items.map(({ metadata, status }) => ({
      namespace,
      name: metadata.name,
      app: metadata.labels["app"] ?? "",
      sidecar: status.initContainerStatuses
        .find(({ name }) => name === "istio-proxy")
        ?.containerID.replace("containerd://", ""),
    }));
  }
}

function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
