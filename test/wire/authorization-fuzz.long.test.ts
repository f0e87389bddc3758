import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decisionOn } from "../support/access-log.ts";
import { everythingAllowed, getsIn, mayAsk, pathOf } from "../support/access-oracle.ts";
import { fuzzed, members, outsider, type Fuzzed } from "../support/fuzzed-requests.ts";
import { Identities, type Who } from "../support/identities.ts";
import { localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { requestBytes, responsesIn, type RawResponse } from "../support/raw-http.ts";

const seed = Number(process.env["LINLY_MESH_SEED"] ?? 5);
const count = 4400;
const ports: Readonly<Record<string, number>> = { asr: 8000, llm: 8002, tts: 8001, face: 8003 };

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, part) => all.slice(part * size, (part + 1) * size));
}

describe("the oracle", () => {
  test.each([
    ["/tts_response/", "/tts_response/"],
    ["//tts_response//", "/tts_response/"],
    ["/%2Ftts_response%2f", "/tts_response/"],
    ["/%252ftts_response/", "/%252ftts_response/"],
    ["/a/../tts_response/x/%2e%2E", "/tts_response/"],
    ["/a//../tts_response/", "/a/tts_response/"],
    ["/a\\..%5ctts_response/.", "/tts_response/"],
    ["/../tts_response/?/../a", "/tts_response/"],
    ["/a/..;b/tts_response/", "/tts_response/"],
    ["/...;/tts_response/", "/...;/tts_response/"],
    ["/%74ts%5fresponse/", "/tts_response/"],
    ["http://a:1/tts_response/", "/tts_response/"],
    ["/tts_response/#/../a", "/tts_response/"],
    ["/%00/../tts_response/", undefined],
    ["tts_response/", undefined],
  ])("%s means %s", (target, path) => expect(pathOf(target)).toBe(path));
});

describeOnLab(`${count} requests of the seed ${seed} (LINLY_MESH_SEED)`, () => {
  const requests = fc.sample(fuzzed, { seed, numRuns: count });
  /** By request: what came of it. */
  const answers: { readonly response: RawResponse | undefined; readonly error: string | undefined }[] = [];
  let identities: Identities | undefined;
  let pods: Map<string, { ip: string; name: string }>;
  let kubeconfig: string;

  function at(index: number): Fuzzed {
    const request = requests[index];
    if (request === undefined) throw new Error(`there is no request ${index}`);
    return request;
  }

  function started(): Identities {
    if (identities === undefined) throw new Error("there is nobody yet to send requests");
    return identities;
  }

  function whoIs(caller: string): Who {
    const [namespace = "", account] = caller.split("/");
    return { namespace, serviceAccount: caller === outsider ? undefined : account };
  }

  const userAgent = (index: number) => `fuzz-${seed}-${index}`;

  function bytesOf({ method, target, headers, body }: Fuzzed, index: number, connection: string): string {
    const own = [
      ["user-agent", userAgent(index)],
      ["connection", connection],
      ["content-length", String(body.length)],
    ] as const;
    return requestBytes(method, target, [...own, ...headers], body);
  }

  /** Sends some requests of one caller to one stage on one connection, and keeps what came, in their order. */
  async function send(caller: string, connections: readonly (readonly number[])[]): Promise<void> {
    const sent = connections.map((indices) => {
      const last = indices.at(-1);
      const texts = indices.map((index) => bytesOf(at(index), index, index === last ? "close" : "keep-alive"));
      const { stage, tls } = at(indices[0] ?? 0);
      return { host: pods.get(stage)?.ip ?? "", port: ports[stage] ?? 0, tls, bytes: texts.join("") };
    });
    const came = await started().send(whoIs(caller), sent, { concurrency: 8, timeout: 20_000 });
    for (const [place, indices] of connections.entries()) {
      const { received = "", error } = came[place] ?? {};
      const responses = responsesIn({ received });
      for (const [order, index] of indices.entries()) answers[index] = { response: responses[order], error };
    }
  }

  /**
   * Sends all of one caller's requests, in parts that take no longer than a command may. Many share a connection, as those of
   * a client that keeps its own do; what a sidecar ends a connection for it may refuse, so what came behind it is sent alone.
   */
  async function sendAll([caller, own]: [string, readonly number[]]): Promise<void> {
    const alone = (index: number) => at(index).tls !== "own" || !/^(?!HEAD)[A-Z]+$/.test(at(index).method);
    const together = Map.groupBy(own, (index) => (alone(index) ? `${index}` : at(index).stage));
    const connections = [...together.values()].flatMap((indices) => chunks(indices, 8));
    for (const part of chunks(connections, 80)) await send(caller, part);
    const unanswered = connections.filter((indices) => indices.length > 1).flat();
    const again = unanswered.filter((index) => answers[index]?.response === undefined).map((index) => [index]);
    for (const part of chunks(again, 100)) await send(caller, part);
  }

  beforeAll(async () => {
    const mesh = await localMesh();
    ({ kubeconfig } = mesh);
    pods = new Map((await mesh.view.pods("linly")).map((pod) => [pod.app.replace(/-service$/, ""), pod]));
    identities = await Identities.started(kubeconfig, [...members, outsider].map(whoIs));

    const begun = performance.now();
    const byCaller = [...Map.groupBy(requests.keys(), (index) => at(index).caller)];
    // Some at a time: each is a process in a pod, and the machine may have few cores.
    const lanes = [0, 1, 2, 3].map(async () => {
      for (let next = byCaller.shift(); next !== undefined; next = byCaller.shift()) await sendAll(next);
    });
    await Promise.all(lanes);
    console.log(`seed ${seed}: ${count} requests in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  });

  afterAll(() => identities?.end());

  /** Whether its stage answered: a sidecar then tells how long that took, and says nothing of it where it refused. */
  function gotIn(index: number): boolean {
    return answers[index]?.response?.headers.has("x-envoy-upstream-service-time") ?? false;
  }

  async function told(index: number): Promise<string> {
    const { caller, tls, stage, method, target, headers } = at(index);
    const { response, error } = answers[index] ?? {};
    const pod = { kubeconfig, namespace: "linly", pod: pods.get(stage)?.name ?? "" };
    const why = gotIn(index) ? response?.body.slice(0, 200) : await decisionOn(pod, userAgent(index));
    const where = `${caller} (${tls}) at ${stage}: ${method} ${target} ${JSON.stringify(headers)}`;
    const meant = getsIn(at(index)) ? "in" : "refused";
    return `${index}: ${where}, meant ${pathOf(target)}: ${meant}, not ${response?.status ?? error}; ${why}`;
  }

  test("get in exactly where the oracle lets them", async () => {
    const wrong = requests.flatMap((request, index) =>
      [gotIn(index), undefined].includes(getsIn(request)) ? [] : [index],
    );
    // Of very many the first ones are enough to know why.
    expect(await Promise.all(wrong.slice(0, 20).map(told))).toEqual([]);
    expect(wrong).toEqual([]);
  });

  test("are, in the words of the stages that took them, what their senders may ask for", () => {
    const seen = requests.flatMap(({ caller, stage }, index) => {
      const body = answers[index]?.response?.body ?? "";
      const [, request] = /"request":"((?:[^"\\]|\\.)*)"/.exec(body) ?? [];
      return request === undefined ? [] : [{ caller, stage, request, index }];
    });
    expect(seen.filter(({ caller, stage, request }) => !mayAsk(caller, stage, request))).toEqual([]);
    expect(seen.length).toBeGreaterThan(count / 8);
  });

  test("the control: they are of both kinds, in every spelling, and each thing that is allowed is asked for", () => {
    const meant = requests.filter((request) => getsIn(request) === true);
    expect(meant.length).toBeGreaterThan(count / 8);
    expect(meant.length).toBeLessThan((count * 4) / 5);
    expect(meant.filter(({ target }) => pathOf(target) !== target).length).toBeGreaterThan(count / 10);
    for (const right of everythingAllowed()) {
      const asked = meant.filter(
        ({ caller, stage, method, target }) =>
          caller === right.caller && stage === right.stage && method === right.method && pathOf(target) === right.path,
      );
      expect(asked.length, JSON.stringify(right)).toBeGreaterThan(0);
      // An oracle that did not know of it would have disagreed.
      expect(requests.some((request, index) => asked.includes(request) && gotIn(index))).toBe(true);
    }
  });
});
