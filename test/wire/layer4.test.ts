import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { failuresOf, load, type Result } from "../../cli/demo/load.ts";
import { plaintextRequest } from "../../cli/demo/plaintext.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { headerFromPod } from "../support/exec.ts";
import { applied, localMesh } from "../support/lab.ts";
import { forgetListener } from "../support/layer4.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith, withService } from "../support/stack.ts";

/** The header by which an Envoy that looks into requests tells how long the replica took. */
const looked = "x-envoy-upstream-service-time";
const face = "http://face-service.linly.svc.cluster.local:8003/voices";

describeOnLab("a stage whose requests no sidecar looks into", () => {
  let kubeconfig: string;
  let view: ClusterView;
  let url: string;

  beforeAll(async () => {
    ({ url, kubeconfig, view } = await localMesh());
  });

  afterAll(async () => {
    await applied(stackWith("local"));
    await forgetListener(kubeconfig, "tts-service-v1", url);
  });

  function sent(count: number): Promise<Result[]> {
    return load({ url, concurrency: 8, timeout: 60_000 }, (already) => already >= count);
  }

  /** What tts, whose next stage face is, sees of the sidecars between them. */
  async function seenByTts(): Promise<string | undefined> {
    const tts = (await view.pods("linly")).find(({ app }) => app === "tts-service");
    if (tts === undefined) throw new Error("no pod of tts-service");
    const container = { kubeconfig, namespace: "linly", pod: tts.name, container: "tts" };
    return headerFromPod({ ...container, url: face }, looked);
  }

  test("its callers reach it by mutual TLS alone, and nothing of HTTP is added", async () => {
    // The control: by default the sidecars look into each request.
    expect(await seenByTts()).toMatch(/^\d+$/);

    await applied(stackWith("local", opaqueFace));
    await expect.poll(seenByTts, { timeout: 60_000 }).toBeUndefined();
    await forgetListener(kubeconfig, "tts-service-v1", url);
    const results = await sent(200);
    expect(failuresOf(results)).toEqual([]);
    expect(new Set(results.map(({ path }) => path.map(({ stage }) => stage).join(" ")))).toEqual(
      new Set(["asr llm tts face"]),
    );

    const pod = (await view.pods("linly")).find(({ app }) => app === "face-service");
    expect(await plaintextRequest(`http://${pod?.ip}:8003/healthz`)).toMatchObject({
      refused: expect.stringContaining("ECONNRESET"),
    });
  });
});

function opaqueFace(mesh: MeshConfig): MeshConfig {
  return withService(mesh, "face", (service) => ({ ...service, appProtocol: "tcp" }));
}
