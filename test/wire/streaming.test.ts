import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failuresOf, load, visitsOf } from "../../cli/demo/load.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { changeStage, metricsOfStage, streamFromPod } from "../support/exec.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { podStates, type PodState } from "../support/pod-states.ts";
import { stackWith } from "../support/stack.ts";
import { Stream, whole } from "../support/streams.ts";

const namespace = "linly";
const port = 8000;

/** A stream that goes on until its client leaves: what comes of it was not held back. */
const endless = "events=1000000&interval=100ms";

/** Longer than these tests keep a stream whose replica or gateway is to end. */
const longest = "3m";

/** Tracing is a setting of the gateway's listener. */
const otherSampling = {
  apiVersion: "telemetry.istio.io/v1",
  kind: "Telemetry",
  metadata: { name: "other-sampling", namespace: "istio-ingress" },
  spec: { tracing: [{ randomSamplingPercentage: 37 }] },
};

/** Two versions of the entry stage, whose caller is the gateway. A silence of 3 s ends a stream. */
describeOnLab("streams", () => {
  let host: string;
  let kubeconfig: string;
  let weights = { v1: 100, v2: 0 };
  let settings: Record<string, string> = {};
  const opened: Stream[] = [];

  beforeAll(async () => {
    const mesh = await localMesh((local) => withAsr(local, weights, settings));
    host = mesh.address;
    ({ kubeconfig } = mesh);
  });

  afterEach(() => {
    for (const stream of opened.splice(0)) stream.close();
  });

  async function up(): Promise<void> {
    await applied(stackWith("local", (mesh) => withAsr(mesh, weights, settings)));
  }

  async function events(query = endless, path = "/talk", at = host): Promise<Stream> {
    const stream = await Stream.events(`http://${at}${path}?${query}`);
    opened.push(stream);
    return stream;
  }

  async function socket(query = endless): Promise<Stream> {
    const stream = await Stream.socket(`ws://${host}/talk?${query}`);
    opened.push(stream);
    return stream;
  }

  function pods(app = "asr-service", where = namespace): Promise<PodState[]> {
    return podStates(kubeconfig, where, app);
  }

  function container(pod: string, name = "asr") {
    return { kubeconfig, namespace, pod, container: name };
  }

  /** The versions that answer so many ordinary requests. */
  async function versionsOf(count: number): Promise<string[]> {
    const url = `http://${host}/v1/audio/transcriptions`;
    const results = await load({ url, concurrency: 4, timeout: 60_000 }, (sent) => sent >= count);
    expect(failuresOf(results)).toEqual([]);
    return [...new Set(visitsOf(results, "asr").map(({ version }) => version))];
  }

  test("come piece by piece, through the gateway and from sidecar to sidecar", async () => {
    const [byEvents, bySocket] = await Promise.all([events(), socket()]);
    for (const stream of [byEvents, bySocket]) {
      await stream.next(3);
      expect(whole(stream.pieces)).toEqual({ pods: 1, versions: ["v1"] });
    }
    const [asr] = await pods();
    const url = `http://llm-service.linly.svc.cluster.local:8002/talk?${endless}`;
    expect(Number(await streamFromPod({ ...container(asr?.name ?? ""), url }, 3))).toBeGreaterThanOrEqual(3);

    // The control: a stream that has an end comes to it.
    expect(await (await events("events=2&interval=10ms")).ended).toBe("end");
  });

  test("stay with their version while all traffic moves to another", async () => {
    const streams = await Promise.all([events(), socket()]);
    weights = { v1: 0, v2: 100 };
    await up();
    await expect.poll(() => versionsOf(20), { timeout: 60_000 }).toEqual(["v2"]);

    for (const stream of streams) {
      await stream.next(5);
      expect(whole(stream.pieces)).toEqual({ pods: 1, versions: ["v1"] });
    }
    // The control: a stream that begins now goes to the other version.
    const later = await events();
    await later.next(1);
    expect(whole(later.pieces)).toEqual({ pods: 1, versions: ["v2"] });
  });

  test("stay with their replica when its version is rolled out, and it ends after them", async () => {
    const streams = await Promise.all([events(), socket()]);
    await Promise.all(streams.map((stream) => stream.next(1)));
    const old = streams.map(({ pieces }) => pieces[0]?.pod ?? "");
    settings = { LATENCY_MEDIAN: "9ms" };
    await up();

    const isNew = new Set((await pods()).filter(({ ending, ready }) => ready && !ending).map(({ name }) => name));
    for (const [index, stream] of streams.entries()) {
      await stream.next(5);
      expect(whole(stream.pieces)).toEqual({ pods: 1, versions: ["v2"] });
      expect(isNew.has(old[index] ?? "")).toBe(false);
    }
    expect((await pods()).filter(({ name, ending }) => old.includes(name) && ending)).toHaveLength(new Set(old).size);

    for (const stream of streams) stream.close();
    await expect
      .poll(async () => (await pods()).filter(({ name }) => old.includes(name)), { timeout: 30_000 })
      .toEqual([]);
  });

  test("that have begun are not sent again when their replica dies", async () => {
    const stream = await events(endless, "/voices");
    const [first] = await stream.next(3);
    const dead = first?.pod ?? "";
    await kubectl(kubeconfig, ["--namespace", namespace, "delete", "pod", dead, "--grace-period=0", "--force"]);
    expect(await stream.ended).toMatch(/^cut/);
    expect(whole(stream.pieces).pods).toBe(1);

    const others = (await pods()).filter(({ name, ready }) => ready && name !== dead);
    expect(others.length).toBeGreaterThan(1);
    for (const { name } of others) {
      const told = await metricsOfStage(container(name), port);
      expect(told).not.toContain('route="/voices"');
      expect(told).toMatch(/^stage_requests_in_flight\{.*\} 0$/m);
    }
    // The control: a request for that path is told there.
    const again = await events("events=1&interval=10ms", "/voices");
    expect(await again.ended).toBe("end");
    // The dead one's successor may be ready by now, and have it.
    const all = (await pods()).filter(({ ready, ending }) => ready && !ending);
    const told = await Promise.all(all.map(({ name }) => metricsOfStage(container(name), port)));
    expect(told.join("\n")).toContain('route="/voices",method="GET",code="200"} 1');
  });

  test("outlive the gateway's rollout, and a change of its listener", async () => {
    const gateway = ["--namespace", "istio-ingress"];
    const deployment = [...gateway, "deployment", "istio-ingress"];
    const key = "proxy.istio.io/config";
    const template = templateAnnotations.parse(
      JSON.parse(await kubectl(kubeconfig, ["get", ...deployment, "--output", "json"])),
    );
    const own = template[key];
    expect(own).toBeDefined();
    const patch = async (value: string | undefined) => {
      const change = { spec: { template: { metadata: { annotations: { [key]: value } } } } };
      await kubectl(kubeconfig, ["patch", ...deployment, "--type=merge", "--patch", JSON.stringify(change)]);
    };
    const gateways = () => pods("istio-ingress", "istio-ingress");
    const rolledOut = () => kubectl(kubeconfig, ["rollout", "status", ...gateway, "deployment/istio-ingress"]);

    const kept = await Promise.all([events(), socket()]);
    try {
      // The control: a gateway that is told nothing but to drain fast.
      await patch('{"drainDuration":"2s"}');
      await rolledOut();
      const [control] = (await gateways()).filter(({ ending }) => !ending);
      const { name = "", ip = "" } = control ?? {};
      // By its address: the Service's may lead to its predecessor for another moment.
      const onListener = await events(endless, "/talk", ip);
      await withObjects(kubeconfig, [otherSampling], async () => {
        expect(await onListener.ended).toMatch(/^cut/);
      });
      const onEnd = await events(endless, "/talk", ip);
      await onEnd.next(1);
      await patch(own);
      await kubectl(kubeconfig, ["delete", "pod", ...gateway, name, "--wait=false"]);
      expect(await onEnd.ended).toMatch(/^cut/);

      // Their gateway was told to end before, and its listener was changed as well.
      for (const stream of kept) {
        await stream.next(5);
        expect(whole(stream.pieces)).toEqual({ pods: 1, versions: ["v2"] });
      }
    } finally {
      await patch(own);
      await rolledOut();
      for (const stream of kept) stream.close();
      await expect.poll(gateways, { timeout: 60_000 }).toHaveLength(1);
    }
  });

  describe("that fall silent", () => {
    const talking = "events=1000000&interval=1s";
    const silent = "events=1000000&interval=60m";
    const quiet = "events=1000000&interval=5s";
    const toLlm = async (query: string, pieces: number) => {
      const [asr] = (await pods()).filter(({ ending, ready }) => ready && !ending);
      const url = `http://llm-service.linly.svc.cluster.local:8002/talk?${query}`;
      return streamFromPod({ ...container(asr?.name ?? ""), url }, pieces);
    };

    test("are ended, at every caller; others go on", async () => {
      const others = await Promise.all([events(talking), socket(talking)]);
      const streams = await Promise.all([events(silent), socket(silent)]);
      expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual([
        expect.stringMatching(/^cut/),
        expect.stringMatching(/^cut/),
      ]);
      for (const stream of others) await stream.next(2);
      expect(await Promise.all([toLlm(silent, 1), toLlm(talking, 5)])).toEqual(["cut after 0", "5"]);
    });

    test("before their first byte are answered 504", async () => {
      const asr = (await pods()).filter(({ ending, ready }) => ready && !ending).map(({ name }) => name);
      const change = (latencyMedian: string) =>
        Promise.all(asr.map((pod) => changeStage(container(pod), port, { latencyMedian, latencyP99: latencyMedian })));
      await change("60s");
      await expect(events(talking)).rejects.toThrow(/^504/);
      await change("9ms");
    });

    test("the control: go on where the bound is taken away", async () => {
      for (const [where, name] of [
        ["istio-ingress", "ingress-stream-idle"],
        [namespace, "llm-service-stream-idle"],
      ] as const)
        await kubectl(kubeconfig, ["--namespace", where, "delete", "envoyfilter", name]);
      await expect
        .poll(async () => (await events(quiet)).next(1).then(({ length }) => length, String), { timeout: 60_000 })
        .toBe(1);
      await expect.poll(() => toLlm(quiet, 1), { timeout: 60_000 }).toBe("1");
    });
  });
});

/** The local stack with two versions of asr, the second with two replicas. */
function withAsr(mesh: MeshConfig, weights: { v1: number; v2: number }, env: Record<string, string>): MeshConfig {
  const { asr, llm } = mesh.services;
  const [version] = asr?.versions ?? [];
  if (asr === undefined || llm === undefined || version === undefined) throw new Error("the local stack has no asr");
  const versions = [
    { ...version, name: "v1", weight: weights.v1 },
    { ...version, name: "v2", weight: weights.v2, replicas: 2, env: { ...version.env, ...env } },
  ];
  const idleTimeout = "3s";
  const services = {
    asr: { ...asr, versions, streams: { idleTimeout, longest } },
    llm: { ...llm, streams: { idleTimeout } },
  } as const;
  return { ...mesh, services: { ...mesh.services, ...services } };
}

const templateAnnotations = z
  .object({
    spec: z.object({
      template: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) }),
    }),
  })
  .transform(({ spec }) => spec.template.metadata.annotations);
