import { connect } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { users as schema } from "../../config/schema/users.ts";
import { waitFor } from "../../lab/wait.ts";
import { ask } from "../support/ask.ts";
import { pathOf } from "../support/access-oracle.ts";
import { endOf, fuzzedUser, linesOf, type Ends, type FuzzedUser } from "../support/fuzzed-tokens.ts";
import { requestBytes, responseIn, type RawResponse } from "../support/raw-http.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";
import { bearer, fresh, good, issuer, old, work } from "../support/user-attempts.ts";

const seed = Number(process.env["LINLY_MESH_SEED"] ?? 5);
const count = 600;

describeOnLab(`${count} requests to the gateway, of the seed ${seed} (LINLY_MESH_SEED)`, () => {
  const requests = fc.sample(fuzzedUser, { seed, numRuns: count });
  const replies: (RawResponse | undefined)[] = [];

  /** Byte for byte, on a connection of its own: nothing is put right on the way. */
  async function sent(host: string, { method, target, ...user }: FuzzedUser): Promise<RawResponse | undefined> {
    const socket = connect({ host, port: 80 }).setEncoding("latin1").setTimeout(20_000);
    socket.on("timeout", () => socket.destroy(new Error(`${method} ${target} was not answered within 20 s`)));
    const headers = [["content-length", "0"], ...linesOf({ method, target, ...user })] as const;
    socket.write(requestBytes(method, target, headers), "latin1");
    return responseIn({ received: await text(socket) });
  }

  beforeAll(async () => {
    const issuers = [{ issuer, audiences: ["talk"], jwks: { keys: [old.jwk, fresh.jwk] } }];
    const users = schema.parse({ issuers, claims: { "[org][name]": ["example"] } });
    const { address } = await localMesh((mesh) => ({ ...mesh, ingress: { ...mesh.ingress, users } }));
    const statusOf = async (key: typeof old) =>
      (await ask({ address, path: work, headers: [bearer(good(key))] })).status;
    const nobody = async () => (await ask({ address, path: work })).status;
    await waitFor("the gateway to know its users", { seconds: 60 }, async () => {
      const seen = await Promise.all([statusOf(old), statusOf(fresh), nobody()]);
      return seen.join() === "200,200,403" || seen.join();
    });

    let next = 0;
    const worker = async () => {
      for (let index = next++; index < count; index = next++) {
        const request = requests[index];
        if (request === undefined) return;
        replies[index] = await sent(address, request);
      }
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: 8 }, worker));
    console.log(`seed ${seed}: ${count} requests in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  });

  afterAll(async () => {
    await applied(stackWith("local"));
  });

  function seenEnd(index: number): Ends {
    const reply = replies[index];
    if (reply?.headers.has("x-envoy-upstream-service-time") !== true) return "gateway";
    // The stage itself refuses nobody; to a HEAD nobody says why.
    return reply.status === 403 ? "sidecar" : "stage";
  }

  function told(index: number): string {
    const { kind = "", method = "", target = "" } = requests[index] ?? {};
    const { status, body = "", headers } = replies[index] ?? {};
    const request = requests[index];
    const meant = request && endOf(request);
    const seen = `${seenEnd(index)} (${status} ${headers?.get("www-authenticate") ?? ""} ${body.slice(0, 200)})`;
    return `${index}: ${kind}: ${method} ${target}, meant ${pathOf(target)}: ended by ${meant}, not ${seen}`;
  }

  test("end where the oracle says: at the gateway, at the stage's sidecar, or with its answer", () => {
    const wrong = requests.flatMap((request, index) =>
      [seenEnd(index), undefined].includes(endOf(request)) ? [] : [index],
    );
    expect(wrong.map(told)).toEqual([]);
  });

  test("the control: they end at each of the three, and tokens of most kinds are shown to ways that are open to users", () => {
    const byEnd = Map.groupBy(requests, endOf);
    for (const end of ["gateway", "sidecar", "stage"] as const) {
      expect(byEnd.get(end)?.length, end).toBeGreaterThan(count / 100);
    }
    const shown = new Set(requests.map(({ kind }) => kind));
    const user = (kind: string) => ({ kind, method: "POST", target: work });
    const refused = [...shown].filter((kind) => endOf(user(kind)) === "gateway");
    expect(refused.length).toBeGreaterThan(10);
    const tried = refused.filter((kind) =>
      requests.some((request) => request.kind === kind && endOf({ ...request, kind: "a token by RS256" }) === "stage"),
    );
    // Chance may leave out one or another.
    expect(tried.length).toBeGreaterThan(refused.length / 2);
  });
});
