import { spawnSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { load, type Result } from "../../cli/demo/load.ts";
import { ingressName } from "../../components/istio/values.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { ensureTools } from "../../lab/tools/build.ts";
import { waitFor } from "../../lab/wait.ts";
import { kubectl } from "../support/kubectl.ts";
import { GrpcClient, methods } from "../support/grpc.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";

/** As many as a client may send at once, and in a minute: within a test the bucket hardly fills again. */
const requests = 20;
const perMinute = { requests, interval: "1m" as const };

describeOnLab("limits at the gateway", () => {
  let url: string;
  let kubeconfig: string;

  beforeAll(async () => {
    ({ url, kubeconfig } = await localMesh());
  });

  function send(count: number, headers: Record<string, string> = {}): Promise<Result[]> {
    return load({ url, concurrency: 8, timeout: 60_000, headers }, (sent) => sent >= count);
  }

  /** Applies a gateway, and waits for what shows that it is in force. */
  async function applyIngress(ingress: Partial<MeshConfig["ingress"]>, inForce: (attempt: number) => Promise<boolean>) {
    await applied(stackWith("local", (mesh) => ({ ...mesh, ingress: { ...mesh.ingress, ...ingress } })));
    // While a gateway of before ends, with buckets of its own, some connections may still be led to it.
    await waitFor("there is one gateway", { seconds: 120 }, async () => {
      const names = await kubectl(kubeconfig, ["--namespace", ingressName, "get", "pods", "--output", "name"]);
      return names.trim().split("\n").length === 1 || names;
    });
    for (let attempt = 1; attempt <= 100; attempt += 1) if (await inForce(attempt)) return;
    throw new Error("the gateway never did what it was told");
  }

  /** Sends three times what a bucket holds, and expects that no more is served than it held and got meanwhile. */
  async function expectLimited(headersOf: (index: number) => Record<string, string>) {
    const begun = performance.now();
    const results = (
      await Promise.all(Array.from({ length: 3 * requests }, (_, index) => send(1, headersOf(index))))
    ).flat();
    const { served, refused } = counted(results);
    expect(served).toBeGreaterThanOrEqual(requests);
    expect(served).toBeLessThanOrEqual(requests + refillSince(begun));
    expect(refused).toBe(3 * requests - served);
  }

  test("the control: without limits nobody is refused", async () => {
    const [one, other] = await Promise.all([
      send(3 * requests, { "x-api-key": "one" }),
      send(requests, { "x-api-key": "other" }),
    ]);
    expect(counted([...one, ...other])).toEqual({ served: 4 * requests, refused: 0 });
  });

  test("by a header: a client has what its bucket holds, and takes nothing of another's", async () => {
    await applyIngress({ clientLimit: { ...perMinute, by: { header: "x-api-key" } } }, async (attempt) => {
      const { refused } = counted(await send(2 * requests, { "x-api-key": `stranger-${attempt}` }));
      return refused > 0;
    });
    const [other] = await Promise.all([
      send(requests, { "x-api-key": "other" }),
      expectLimited(() => ({ "x-api-key": "one" })),
    ]);
    expect(counted(other)).toEqual({ served: requests, refused: 0 });

    const again = Array.from({ length: requests }, () =>
      fetch(url, { method: "POST", headers: { "x-api-key": "one" } }),
    );
    const refused = (await Promise.all(again)).filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers } of refused) expect(headers.get("retry-after")).toBe("3");
  });

  test("who leaves the header out is known by address, whatever x-forwarded-for says", async () => {
    await expectLimited((index) => ({ "x-forwarded-for": `203.0.113.${index}` }));
  });

  test("all together: however many they are, they have one bucket", async () => {
    // A guest is new, and sends no more than a client might before.
    await applyIngress({ limit: perMinute }, async (attempt) => {
      const { refused } = counted(await send(requests, { "x-api-key": `guest-${attempt}` }));
      return refused > 0;
    });
    const begun = performance.now();
    const clients = Array.from({ length: requests }, (_, index) => send(3, { "x-api-key": `client-${index}` }));
    const { served, refused } = counted((await Promise.all(clients)).flat());
    // What the bucket got since it was found empty, and before.
    expect(served).toBeLessThanOrEqual(refillSince(begun) + 1);
    expect(refused).toBe(3 * requests - served);

    // What gRPC is told is no reason to try again, as UNAVAILABLE would be.
    const client = new GrpcClient(`${new URL(url).hostname}:80`);
    const told = await Promise.all(Array.from({ length: requests }, () => client.ask(methods.generate)));
    client.close();
    expect(told).toContain("RESOURCE_EXHAUSTED");
    expect(told).not.toContain("UNAVAILABLE");
  });

  test("by address, behind a proxy: what it writes last counts, and nothing that a client wrote before", async () => {
    const from = (address: string, forged = "") => ({ "x-forwarded-for": `${forged}${address}` });
    await applyIngress({ clientLimit: { ...perMinute, by: "address" }, numTrustedProxies: 1 }, async (attempt) => {
      const { served, refused } = counted(await send(2 * requests, from(`192.0.2.${attempt}`)));
      return served >= requests && refused > 0;
    });
    const [other, subscriber] = await Promise.all([
      send(requests, from("203.0.113.3", "203.0.113.2, ")),
      send(2 * requests, from("2001:db8::7")),
      expectLimited((index) => from("203.0.113.2", `198.51.100.${index}, `)),
    ]);
    expect(counted(other)).toEqual({ served: requests, refused: 0 });
    expect(counted(subscriber).refused).toBeGreaterThan(0);
    // The same /64: it may get what has come into the bucket meanwhile, and no bucket of its own.
    expect(counted(await send(requests, from("2001:db8::8"))).refused).toBeGreaterThan(0);
  });

  test("istioctl analyze finds nothing in it", async () => {
    const { istioctl } = await ensureTools(console.log, ["istioctl"]);
    const args = ["analyze", "--kubeconfig", kubeconfig, "--namespace", ingressName, "--failure-threshold", "Info"];
    const { status, stdout, stderr } = spawnSync(istioctl, args, { encoding: "utf8" });
    expect(`${stdout}${stderr}`).toMatch(/No validation issues found/);
    expect(status).toBe(0);
  });
});

/** Requests that a bucket has got room for since then. */
function refillSince(begun: number): number {
  return Math.ceil((requests * (performance.now() - begun)) / 60_000);
}

/** Answers and refusals; anything else that came of a request is an error. */
function counted(results: readonly Result[]): { served: number; refused: number } {
  const refused = results.filter(({ failure }) => failure?.startsWith("429 ") === true).length;
  const served = results.filter(({ failure }) => failure === undefined).length;
  if (served + refused !== results.length)
    throw new Error(`not all were served or refused: ${JSON.stringify(results.map(({ failure }) => failure))}`);
  return { served, refused };
}
