import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failuresOf, load, type Result } from "../../cli/demo/load.ts";
import type { ClusterView } from "../../cli/demo/cluster-view.ts";
import { machineAddress, outside, segment } from "../../lab/addresses.ts";
import { waitFor } from "../../lab/wait.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { attemptsFrom, type Attempt } from "../support/attempts.ts";
import { bareContainer, startBarePods } from "../support/bare-pods.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { answerOf, Outside, ports } from "../support/outside.ts";
import { stackWith, withService } from "../support/stack.ts";
import { trafficDuring } from "../support/traffic.ts";

const stages = ["asr", "llm", "tts", "face"] as const;
type StageName = (typeof stages)[number];
const stagePorts: Readonly<Record<StageName, number>> = { asr: 8000, llm: 8002, tts: 8001, face: 8003 };
const next: Readonly<Partial<Record<StageName, StageName>>> = { asr: "llm", llm: "tts", tts: "face" };

/** Who may call whom outside. */
const declared = `voices.${outside.domain}`;
const undeclared = `elsewhere.${outside.domain}`;
const mayCall: StageName = "tts";

const outsiders = "outsiders";
/** Bare pods: one without any label of ours, and one with the label of each stage, as nobody but an intruder would. */
const stranger = { namespace: "linly", name: "stranger" };
const impostor = (stage: StageName) => ({
  namespace: "linly",
  name: `impostor-${stage}`,
  labels: { app: `${stage}-service` },
});
const outsider = { namespace: outsiders, name: "outsider", serves: 8080 };

const refusedBySidecar = "ECONNRESET";
const refusedByNetwork = "ECONNREFUSED";

function withEgress(mesh: MeshConfig): MeshConfig {
  return withService(mesh, mayCall, (service) => ({ ...service, egress: [declared] }));
}

/** The same behind the network's own rules, and new pods of two stages, which start behind them. */
function walledIn(mesh: MeshConfig): MeshConfig {
  const renewed = (changed: MeshConfig, stage: StageName) =>
    withService(changed, stage, (service) => ({
      ...service,
      versions: service.versions.map((version) => ({ ...version, env: { ...version.env, ERROR_RATE: "0" } })),
    }));
  return { ...renewed(renewed(withEgress(mesh), "asr"), "tts"), networkPolicies: true };
}

describeOnLab("the way out", () => {
  let kubeconfig: string;
  let view: ClusterView;
  let url: string;
  let world: Outside;
  let removePods: () => Promise<void>;

  beforeAll(async () => {
    world = await Outside.started();
    ({ kubeconfig, view, url } = await localMesh(withEgress));
    const labels = { "istio-injection": "disabled", "pod-security.kubernetes.io/enforce": "restricted" };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: outsiders, labels } };
    await kubectl(kubeconfig, ["apply", "--filename", "-"], JSON.stringify(namespace));
    removePods = await startBarePods(kubeconfig, [outsider, stranger, ...stages.map(impostor)]);
    const own = { by: "http", host: `${outsider.name}.${outsiders}.svc.cluster.local`, port: 8080 } as const;
    await waitFor("the Service of the outsider to lead to it", { seconds: 60 }, async () => {
      const [answer] = await fromBare(outsider, [own]);
      return answer === "plain" || `it came to ${answer}`;
    });
  });

  afterAll(async () => {
    // Objects go last: a pod that is new in the same up would never start behind a rule that knows it not.
    await applied(stackWith("local"));
    await removePods();
    await kubectl(kubeconfig, ["delete", "namespace", outsiders]);
    await world.end();
  });

  async function podOf(namespace: string, app: string) {
    const pod = (await view.pods(namespace)).find((one) => one.app === app && one.ready.length > 0);
    if (pod === undefined) throw new Error(`no pod of ${app}`);
    return pod;
  }

  async function fromStage(stage: StageName, attempts: readonly Attempt[]): Promise<string[]> {
    const { name } = await podOf("linly", `${stage}-service`);
    return attemptsFrom({ kubeconfig, namespace: "linly", pod: name, container: stage }, attempts);
  }

  function fromBare({ namespace, name }: { namespace: string; name: string }, attempts: readonly Attempt[]) {
    return attemptsFrom({ kubeconfig, namespace, pod: name, container: bareContainer }, attempts);
  }

  const atDeclared: Attempt = { by: "tls", host: declared, port: ports.tls };
  /** Everything else that somebody might try, and what it comes to where nothing is in the way. */
  const others = async (): Promise<[Attempt, string][]> => {
    const service = `${outsider.name}.${outsiders}.svc.cluster.local`;
    const { clusterIP, podIP } = await addressesOf(outsider);
    const { address } = outside;
    return [
      [{ by: "tls", host: undeclared, port: ports.tls }, answerOf(address, undeclared)],
      [{ by: "tls", host: address, port: ports.tls }, answerOf(address, "nobody")],
      [{ by: "tls", host: address, port: ports.tls, as: undeclared }, answerOf(address, undeclared)],
      [{ by: "tls", host: machineAddress, port: ports.tls }, answerOf(machineAddress, "nobody")],
      [{ by: "tls", host: declared, port: ports.otherTls }, answerOf(address, declared)],
      [{ by: "tls", host: declared, port: ports.tls, as: undeclared }, answerOf(address, undeclared)],
      [{ by: "http", host: declared, port: ports.http }, answerOf(address, "http")],
      [{ by: "http", host: address, port: ports.http }, answerOf(address, "http")],
      [{ by: "http", host: service, port: 8080 }, "plain"],
      [{ by: "http", host: clusterIP, port: 8080 }, "plain"],
      [{ by: "http", host: podIP, port: 8080 }, "plain"],
    ];
  };

  async function addressesOf({ namespace, name }: { namespace: string; name: string }) {
    const read = (kind: string, path: string) =>
      kubectl(kubeconfig, ["get", kind, name, "--namespace", namespace, "--output", `jsonpath={${path}}`]);
    const [clusterIP, podIP] = await Promise.all([read("service", ".spec.clusterIP"), read("pod", ".status.podIP")]);
    return { clusterIP, podIP };
  }

  test("the control: a pod outside of the mesh reaches all of it", async () => {
    const tried = await others();
    const attempts = [atDeclared, ...tried.map(([attempt]) => attempt)];
    const answers = [answerOf(outside.address, declared), ...tried.map(([, answer]) => answer)];
    expect(told(attempts, await fromBare(outsider, attempts))).toEqual(told(attempts, answers));
  });

  test.each(stages)("%s reaches what is declared for it, and nothing else by name, address or port", async (stage) => {
    const tried = (await others()).map(([attempt]) => attempt);
    const attempts = [atDeclared, ...tried];
    const open = stage === mayCall ? answerOf(outside.address, declared) : refusedBySidecar;
    const answers = [open, ...tried.map(() => refusedBySidecar)];
    expect(told(attempts, await fromStage(stage, attempts))).toEqual(told(attempts, answers));
  });

  test("a declared name leads to where the sidecar finds it, whichever address was meant", async () => {
    const attempts: Attempt[] = [{ by: "tls", host: machineAddress, port: ports.tls, as: declared }];
    expect(await fromBare(outsider, attempts)).toEqual([answerOf(machineAddress, declared)]);
    expect(await fromStage(mayCall, attempts)).toEqual([answerOf(outside.address, declared)]);
    expect(await fromStage("llm", attempts)).toEqual([refusedBySidecar]);
  });

  describe("behind the network's own rules", () => {
    /** What a sidecar does not see. */
    const datagram: Attempt = { by: "udp", host: outside.address, port: ports.udp };
    /** Of a stage's pod: what its sidecar has beside the stage. */
    const sidecarPorts = [15006, 15020, 15021, 15090];
    let before: Awaited<ReturnType<typeof seen>>;
    let during: Result[];

    /** Who reaches whom, as far as the network has a say. */
    async function seen() {
      const pods = await Promise.all(stages.map((stage) => podOf("linly", `${stage}-service`)));
      const atStages = stages.map((stage, index): Attempt => {
        return { by: "http", host: pods[index]?.ip ?? "", port: stagePorts[stage] };
      });
      const atSidecars = pods.flatMap(({ ip }) =>
        sidecarPorts.map((port): Attempt => ({ by: "http", host: ip, port })),
      );
      const atWorld: Attempt[] = [
        { by: "tls", host: outside.address, port: ports.tls },
        { by: "tls", host: outside.address, port: ports.otherTls },
        { by: "tls", host: machineAddress, port: ports.tls },
        datagram,
      ];
      const all = [...atStages, ...atWorld];
      const ofStages = await Promise.all(stages.map((stage) => fromBare(impostor(stage), all)));
      return {
        stages: Object.fromEntries(stages.map((stage, index) => [stage, ofStages[index]])),
        stranger: await fromBare(stranger, all),
        outsider: await fromBare(outsider, [...atStages, ...atSidecars]),
        datagrams: await Promise.all(stages.map(async (stage) => (await fromStage(stage, [datagram]))[0])),
      };
    }

    /** What bare pods should see: a stage's sidecar, which refuses them, or the network, which does so before. */
    function intended(stage: StageName | undefined) {
      const opens = stage === mayCall;
      return [
        ...stages.map((other) => (stage !== undefined && next[stage] === other ? refusedBySidecar : refusedByNetwork)),
        opens ? answerOf(outside.address, "nobody") : refusedByNetwork,
        ...[refusedByNetwork, refusedByNetwork, refusedByNetwork],
      ];
    }

    beforeAll(async () => {
      before = await seen();
      during = await trafficDuring({ url }, () => applied(stackWith("local", walledIn)));
      await waitFor("the rules are in force on both nodes", { seconds: 60 }, async () => {
        const [first] = await fromBare(stranger, [datagram]);
        const { outsider: open } = await seen();
        return (
          (first === refusedByNetwork && open.every((one) => one === refusedByNetwork)) || `${first}, ${open.join()}`
        );
      });
    });

    test("they come into force, and new pods start behind them, without the loss of a request", () => {
      expect(failuresOf(during)).toEqual([]);
      expect(during.length).toBeGreaterThan(50);
    });

    test("the control: without them all of it is reached, and sidecars alone refuse", () => {
      const reached = [
        ...stages.map(() => refusedBySidecar),
        answerOf(outside.address, "nobody"),
        answerOf(outside.address, "nobody"),
        answerOf(machineAddress, "nobody"),
        answerOf(outside.address, "udp"),
      ];
      expect(before.stages).toEqual(Object.fromEntries(stages.map((stage) => [stage, reached])));
      expect(before.stranger).toEqual(reached);
      expect(before.outsider.filter((one) => one === refusedByNetwork || one === "silence")).toEqual([]);
      expect(before.datagrams).toEqual(stages.map(() => answerOf(outside.address, "udp")));
    });

    test("whoever has a stage's label reaches the next stage alone, and the world where it is declared", async () => {
      const now = await seen();
      expect(now.stages).toEqual(Object.fromEntries(stages.map((stage) => [stage, intended(stage)])));
      expect(now.stranger).toEqual(intended(undefined));
      expect(now.outsider.filter((one) => one !== refusedByNetwork)).toEqual([]);
      expect(now.datagrams).toEqual(stages.map(() => refusedByNetwork));
    });

    test("a declared host is reached through both walls, and others are not", async () => {
      const attempts: Attempt[] = [atDeclared, { by: "tls", host: undeclared, port: ports.tls }];
      expect(await fromStage(mayCall, attempts)).toEqual([answerOf(outside.address, declared), refusedBySidecar]);
      expect(await fromStage("face", attempts)).toEqual([refusedBySidecar, refusedBySidecar]);
    });

    test("a gateway starts behind them, and the pipeline is used, measured and traced", async () => {
      const gateways = ["--namespace", "istio-ingress", "--selector", "istio=ingress"];
      await kubectl(kubeconfig, ["delete", "pod", ...gateways, "--grace-period=1"]);
      await kubectl(kubeconfig, ["wait", "pod", ...gateways, "--for", "condition=Ready", "--timeout", "60s"]);
      const since = Date.now();
      await waitFor("an answer by the new gateway", { seconds: 60 }, async () => {
        const [result] = await load({ url, concurrency: 1, timeout: 10_000 }, (sent) => sent >= 1);
        return result?.failure ?? true;
      });
      const results = await load({ url, concurrency: 4, timeout: 60_000 }, (sent) => sent >= 100);
      expect(failuresOf(results)).toEqual([]);

      // Rules add up: one more lets this machine ask Prometheus and Jaeger, which it otherwise can't.
      const ingress = [{ from: [{ ipBlock: { cidr: segment } }] }];
      const askable = {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "test-askable", namespace: "observability" },
        spec: { podSelector: {}, policyTypes: ["Ingress"], ingress },
      };
      await withObjects(kubeconfig, [askable], async () => {
        const [prometheus, jaeger] = await Promise.all(
          ["prometheus", "jaeger"].map((app) => podOf("observability", app)),
        );
        const pods = (await view.pods("linly")).filter(({ ready }) => ready.includes("istio-proxy"));
        const names = [...pods, await podOf("istio-ingress", "istio-ingress")].map(({ name }) => name).sort();
        await waitFor("all pods are read", { seconds: 90 }, async () => {
          const up = await upAt(`http://${prometheus?.ip}:9090`);
          return (
            JSON.stringify(up.filter(([, value]) => value === "1").map(([pod]) => pod)) === JSON.stringify(names) ||
            JSON.stringify(up)
          );
        });
        await waitFor("a trace by the new gateway's request", { seconds: 60 }, async () => {
          const services = await tracedSince(`http://${jaeger?.ip}:16686`, since);
          const all = [...stages.map((stage) => `${stage}-service.linly`), "istio-ingress.istio-ingress"].sort();
          return services.some((one) => JSON.stringify(one) === JSON.stringify(all)) || JSON.stringify(services);
        });
      });
    });
  });
});

/** Each attempt in words, with what came of it. */
function told(attempts: readonly Attempt[], outcomes: readonly string[]): string[] {
  return attempts.map(({ by, host, port, as }, index) => {
    return `${by} ${host}:${port}${as === undefined ? "" : ` as ${as}`}: ${outcomes[index]}`;
  });
}

const measured = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.object({ pod: z.string() }), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** The pods that Prometheus reads, and whether it could. */
async function upAt(prometheus: string): Promise<[string, string][]> {
  const query = encodeURIComponent('max by (pod) (up{namespace=~"linly|istio-ingress"})');
  const response = await fetch(`${prometheus}/api/v1/query?query=${query}`, { signal: AbortSignal.timeout(5_000) });
  const { result } = measured.parse(await response.json()).data;
  return result.map(({ metric, value }): [string, string] => [metric.pod, value[1]]).sort();
}

const traced = z.object({
  data: z.array(z.object({ processes: z.record(z.string(), z.object({ serviceName: z.string() })) })),
});

/** Of each trace that began since: the workloads that it passed. */
async function tracedSince(jaeger: string, since: number): Promise<string[][]> {
  const url = `${jaeger}/api/traces?limit=20&service=asr-service.linly&start=${since * 1000}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return traced
    .parse(await response.json())
    .data.map(({ processes }) => [...new Set(Object.values(processes).map(({ serviceName }) => serviceName))].sort());
}
