import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failuresOf } from "../../cli/demo/load.ts";
import type { MeshConfig } from "../../config/schema.ts";
import { kubectl, withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { forgetListener } from "../support/layer4.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { changeStage, metricsOfStage } from "../support/exec.ts";
import { Identities, nameOf, type Who } from "../support/identities.ts";
import { requestBytes, responseIn, responsesIn } from "../support/raw-http.ts";
import { stackWith, withService } from "../support/stack.ts";
import { trafficTo, type Traffic } from "../support/traffic.ts";
import { couldMean, headerTricks, methodTricks, pathTricks, type Trick } from "../support/tricks.ts";
import { Tries, type Try } from "../support/tries.ts";

const ports = { asr: 8000, llm: 8002, tts: 8001, face: 8003 } as const;
type StageName = keyof typeof ports;
type Attempt = Try<StageName>;
const stages = ["asr", "llm", "tts", "face"] as const satisfies StageName[];

const inMesh = (namespace: string, serviceAccount: string): Who => ({ namespace, serviceAccount });
const gateway = inMesh("istio-ingress", "istio-ingress");
const uploader = inMesh("admin", "model-uploader");
const colleague = inMesh("admin", "colleague");
const [asr, llm, tts] = [
  inMesh("linly", "asr-service"),
  inMesh("linly", "llm-service"),
  inMesh("linly", "tts-service"),
];
const others = ["face-service", "tts-service-shadow", "default"].map((account) => inMesh("linly", account));
const members = [gateway, uploader, colleague, asr, llm, tts, ...others];
const outsider: Who = { namespace: "outsiders", serviceAccount: undefined };

/** What the simulator has beside the routes of the engine that it stands for. */
const own = ["GET /talk", "GET /voices", "POST /generate"];

/** Who is meant to get in where, and to what; nobody else is, and to nothing else. */
const intent: Readonly<Record<string, Partial<Record<StageName, readonly string[]>>>> = {
  "istio-ingress/istio-ingress": { asr: ["POST /v1/audio/transcriptions", "POST /v1/audio/translations", ...own] },
  "linly/asr-service": { llm: ["POST /llm_response/", ...own] },
  "linly/llm-service": { tts: ["POST /tts_response/", ...own] },
  "linly/tts-service": { face: ["POST /talker_response/", ...own] },
  "admin/model-uploader": {
    llm: ["POST /llm_change_model/"],
    tts: ["POST /tts_change_model/", "POST /api/v1/models/upload"],
    face: ["POST /talker_change_model/"],
  },
};

/** Every path that anybody may ask for somewhere, the paths of probes and metrics, and what is nobody's. */
const paths = [
  ...["/v1/audio/transcriptions", "/v1/audio/translations", "/llm_response/", "/tts_response/", "/talker_response/"],
  ...["/talk", "/voices", "/generate"],
  ...["/v1/models", "/llm_change_model/", "/tts_change_model/", "/talker_change_model/", "/api/v1/models/upload"],
  ...["/readyz", "/healthz", "/app-health/tts/readyz", "/metrics", "/stats/prometheus", "/behaviour"],
  ...["/", "/nowhere"],
];
const methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"];
const matrix: readonly Attempt[] = stages.flatMap((stage) =>
  methods.flatMap((method) => paths.map((target) => ({ stage, method, target }))),
);

/** The stage and the routes that tricks are played on, and whoever plays them: one of its callers, and a stranger. */
const work = "/tts_response/";
const adminPaths = ["/tts_change_model/", "/api/v1/models/upload"];
const principal = "cluster.local/ns/admin/sa/model-uploader";
const tricks: readonly Trick[] = [
  ...adminPaths.flatMap((path) => pathTricks(path, work)),
  ...headerTricks("/tts_change_model/", work, principal),
  ...methodTricks("/tts_change_model/"),
];
const tricksters = [llm, colleague];

/** Of them those that ask, whatever else they say, for what a caller may ask for. */
const forWork = new Set([
  ...["the work route's query", "the work route's fragment", "an upgrade to HTTP/2"],
  ...["x-envoy-original-path", "x-original-url", "x-rewrite-url", "x-original-uri", "x-envoy-decorator-operation"].map(
    (header) => `${header} from the work route`,
  ),
]);
/** Those that come to no admin route without any policy either: spoiled on the way, or answered without a word. */
const forNothing = ["a letter of two bytes", "an upgrade", "the method HEAD"];

describeOnLab("who gets in where", () => {
  let kubeconfig: string;
  let url: string;
  let identities: Identities | undefined;
  let tries: Tries<StageName>;
  /** Which of the tricks a policy refused, by their place. */
  let refused: number[] = [];

  beforeAll(async () => {
    const mesh = await localMesh();
    ({ kubeconfig, url } = mesh);
    const started = await Identities.started(kubeconfig, [...members, outsider]);
    identities = started;
    const pods = await mesh.view.pods("linly");
    const podOf = (stage: StageName) => {
      const pod = pods.find(({ app }) => app === `${stage}-service`);
      if (pod === undefined) throw new Error(`no pod of ${stage}`);
      return { ...pod, kubeconfig, namespace: "linly", pod: pod.name, port: ports[stage] };
    };
    const at = { asr: podOf("asr"), llm: podOf("llm"), tts: podOf("tts"), face: podOf("face") };
    tries = new Tries(started, at);
  });

  afterAll(async () => {
    await identities?.end();
    await applied(stackWith("local"));
    await forgetListener(kubeconfig, "tts-service-v1", url);
  });

  function isMeant(who: Who, { stage, method, target }: Attempt): boolean {
    return intent[nameOf(who)]?.[stage]?.includes(`${method} ${target}`) ?? false;
  }

  /** What came to something else than was meant, of every identity and stage, told with who decided so. */
  async function wrong(): Promise<string[]> {
    const meant = (who: Who) => (tried: Attempt) => (isMeant(who, tried) ? "in" : 403);
    return (await Promise.all(members.map((who) => tries.unexpected(who, matrix, meant(who))))).flat();
  }

  test("every identity gets in to what it is meant to, and to nothing else", async () => {
    expect(await wrong()).toEqual([]);
    // The control: of what is meant nothing was left out.
    const meant = members.flatMap((who) => matrix.filter((tried) => isMeant(who, tried)));
    expect(meant.length).toBe(Object.values(intent).flatMap((where) => Object.values(where).flat()).length);
  });

  test("without an identity there is no connection, while what the kubelet and Prometheus ask for is answered", async () => {
    const plainly = stages.map((stage) => ({ stage, method: "GET", target: "/voices" }));
    for (const tls of ["plain", "anonymous"] as const)
      expect(await tries.outcomes(outsider, plainly, tls), tls).toEqual(stages.map(() => "no connection"));
    for (const stage of stages) {
      const [ready, probe, metrics] = await tries.plain(outsider, stage, [
        [15021, "/healthz/ready"],
        [15020, `/app-health/${stage}/readyz`],
        [15020, "/stats/prometheus"],
      ]);
      expect([ready?.status, probe?.status, metrics?.status]).toEqual([200, 200, 200]);
      expect(metrics?.body).toContain(`stage_request_bytes_total{stage="${stage}"`);
    }
  });

  /** What the stage has worked on that could be an admin route, by path, method and status, however often. */
  async function adminWork(): Promise<string[]> {
    const { port, ...container } = tries.at.tts;
    const metrics = await metricsOfStage({ ...container, container: "tts" }, port);
    return metrics.split("\n").filter((line) => {
      const route = /^stage_requests_total\{.*route="([^"]*)"/.exec(line)?.[1];
      return route !== undefined && couldMean(route, adminPaths);
    });
  }

  interface Played {
    readonly name: string;
    readonly target: string;
    /** What reached the stage, by its own word. */
    readonly seen: readonly string[];
    /** Whether any of that could be an admin route. */
    readonly isAdmin: boolean;
    readonly statuses: readonly number[];
  }

  /** What came of the tricks. */
  async function played(who: Who): Promise<Played[]> {
    const answers = await tries.each(who, "tts", tricks);
    return tricks.map(({ name, target }, index) => {
      const answer = answers[index] ?? { received: "" };
      const seen = [...answer.received.matchAll(/"request":"((?:[^"\\]|\\.)*)"/g)].map(([, request = ""]) => request);
      const isAdmin = seen.some((request) => couldMean(request.replace(/^\S+ /, ""), adminPaths));
      const statuses = responsesIn(answer).map(({ status }) => status);
      return { name, target: target.slice(0, 100), seen, isAdmin, statuses };
    });
  }

  test("no spelling of a path and no header opens a route that changes a model", async () => {
    const before = await adminWork();
    for (const who of tricksters) {
      const results = await played(who);
      expect(results.filter(({ isAdmin }) => isAdmin)).toEqual([]);
      // What no policy refuses is refused for its form, or is what a caller may ask for.
      const others = results.filter(({ statuses }) => !statuses.includes(403));
      const served = others.filter(({ statuses }) => !statuses.some((status) => [400, 404, 431].includes(status)));
      expect(new Set(served.map(({ name }) => name))).toEqual(who === llm ? forWork : new Set());
      refused = results.flatMap(({ statuses }, index) => (statuses.includes(403) ? [index] : []));
    }
    // The stage's own word.
    expect(await adminWork()).toEqual(before);
    // Through the gateway, a user does not even reach one that is written plainly.
    const response = await fetch(url.replace("/v1/audio/transcriptions", "/v1/models"), { method: "POST" });
    expect([response.status, await response.text()]).toEqual([403, "RBAC: access denied"]);
  });

  test("somebody who lets all in by hand opens no route that changes a model", async () => {
    const reads = { stage: "tts", method: "GET", target: "/nowhere" } as const;
    const uploads = adminPaths.map((target) => ({ stage: "tts", method: "POST", target }) as const);
    await withObjects(kubeconfig, [allowAll], async () => {
      // The control: what the second wall does not name is open.
      await expect.poll(() => tries.outcomes(colleague, [reads]), { timeout: 60_000 }).toEqual(["in"]);
      expect(await tries.unexpected(colleague, uploads, () => 403)).toEqual([]);
      expect(await tries.unexpected(uploader, uploads, () => "in")).toEqual([]);
      const [first] = uploads;
      expect(first && (await tries.decision(colleague, first))).toBe(
        "rbac_access_denied_matched_policy[ns[linly]-policy[tts-service-admin]-rule[0]]",
      );
    });
    await expect.poll(() => tries.outcomes(colleague, [reads]), { timeout: 60_000 }).toEqual([403]);
    expect(await tries.decision(colleague, reads)).toBe("rbac_access_denied_matched_policy[none]");
  });

  describe("while requests go on", () => {
    let traffic: Traffic;

    beforeAll(() => {
      traffic = trafficTo({ url });
    });
    afterAll(async () => {
      await traffic.end();
    });

    const upload = { stage: "tts", method: "POST", target: "/tts_change_model/" } as const;
    const isIn = async (who: Who) => (await tries.outcomes(who, [upload]))[0];

    test("the control: without the policies the same tricks reach the routes", async () => {
      const policies = ["--namespace", "linly", "delete", "authorizationpolicies"];
      await kubectl(kubeconfig, [...policies, "allow-nothing"]);
      await kubectl(kubeconfig, [...policies, "--all"]);
      await expect
        .poll(() => Promise.all(tricksters.map(isIn)), { timeout: 60_000 })
        .toEqual(tricksters.map(() => "in"));

      const before = await adminWork();
      const results = await played(colleague);
      const reached = refused.map((index) => results[index]).filter((result) => result !== undefined);
      expect(reached.length).toBeGreaterThan(100);
      expect(reached.filter(({ statuses }) => statuses.includes(403))).toEqual([]);
      const elsewhere = reached.filter(({ isAdmin }) => !isAdmin).map(({ name }) => name);
      expect(new Set(elsewhere)).toEqual(new Set([...forWork, ...forNothing]));
      expect(await adminWork()).not.toEqual(before);
    });

    test("an up puts them back, and a change moves the right to upload", async () => {
      await applied(stackWith("local"));
      await expect.poll(() => isIn(colleague), { timeout: 60_000 }).toBe(403);

      await applied(stackWith("local", withUploader("colleague")));
      await expect.poll(() => isIn(colleague), { timeout: 60_000 }).toBe("in");
      await expect.poll(() => isIn(uploader), { timeout: 60_000 }).toBe(403);

      await applied(stackWith("local"));
      await expect.poll(() => isIn(uploader), { timeout: 60_000 }).toBe("in");
      await expect.poll(() => isIn(colleague), { timeout: 60_000 }).toBe(403);
      expect(await wrong()).toEqual([]);
    });

    test("and none of them fails", async () => {
      const results = await traffic.end();
      expect(results.length).toBeGreaterThan(50);
      expect(failuresOf(results)).toEqual([]);
    });
  });

  test("what changes a model has as long as one takes to load; the control: a caller's requests have less", async () => {
    const { port, ...pod } = tries.at.tts;
    /** Through the sidecars of both. */
    const statusOf = async (who: Who, target: string) => {
      const host = "tts-service.linly.svc.cluster.local";
      const bytes = requestBytes("POST", target, [["host", host]]);
      const [answer] = (await identities?.send(who, [{ host, port, tls: "plain", bytes }])) ?? [];
      return answer && responseIn(answer)?.status;
    };
    const behaves = (latencyMedian: string, latencyP99: string) =>
      changeStage({ ...pod, container: "tts" }, port, { latencyMedian, latencyP99 });
    await behaves("5s", "5s");
    try {
      expect(await statusOf(llm, work)).toBe(200);
      await applied(stackWith("local", (mesh) => withTime(withTime(mesh, "tts", "2s"), "face", "1s")));
      await expect.poll(() => statusOf(llm, work), { timeout: 60_000 }).toBe(504);
      expect(await statusOf(uploader, "/tts_change_model/")).toBe(200);
    } finally {
      await behaves("9ms", "20ms");
    }
  });

  test("a stage of TCP lets its callers in to everything, and nobody else", async () => {
    await applied(stackWith("local", (mesh) => withService(mesh, "face", (face) => ({ ...face, appProtocol: "tcp" }))));
    const uploads = { stage: "face", method: "POST", target: "/talker_change_model/" } as const;
    const seen = () => Promise.all([tts, uploader, llm, colleague].map((who) => tries.outcomes(who, [uploads])));
    // What looks into no request tells nothing of itself: the stage's own answer comes as it is.
    await expect.poll(seen, { timeout: 60_000 }).toEqual([[200], [200], ["no connection"], ["no connection"]]);
  });
});

/** An ALLOW as somebody might add it. */
const allowAll = {
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  metadata: { name: "by-hand", namespace: "linly" },
  spec: { rules: [{}] },
};

function withTime(mesh: MeshConfig, stage: "tts" | "face", realtime: "1s" | "2s"): MeshConfig {
  return withService(mesh, stage, (service) => ({ ...service, timeouts: { realtime } }));
}

function withUploader(serviceAccount: string): (mesh: MeshConfig) => MeshConfig {
  return (mesh) => ({ ...mesh, modelUploader: { namespace: "admin", serviceAccount } });
}
