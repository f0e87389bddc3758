import { beforeAll, describe, expect, test } from "vitest";
import { failuresOf, load, visitsOf } from "../../cli/demo/load.ts";
import type { MeshConfig, UsersConfig } from "../../config/schema.ts";
import { waitFor } from "../../lab/wait.ts";
import { ask, deciderOf, type Decider, type Reply } from "../support/ask.ts";
import { withObjects } from "../support/kubectl.ts";
import { applied, localMesh } from "../support/lab.ts";
import { describeOnLab } from "../support/on-lab.ts";
import { stackWith } from "../support/stack.ts";
import type { Claims } from "../support/tokens.ts";
import { trafficDuring } from "../support/traffic.ts";
import { attempts, bearer, fresh, good, old, usersWith, work, type Attempt } from "../support/user-attempts.ts";

function withUsers(mesh: MeshConfig, users: UsersConfig): MeshConfig {
  const testers = { header: "x-linly-versions", claim: { name: "groups", value: "testers" } };
  return { ...mesh, ingress: { ...mesh.ingress, users }, pins: { ...mesh.pins, testers } };
}

describeOnLab("users at the ingress", () => {
  let address: string;
  let kubeconfig: string;

  beforeAll(async () => {
    ({ address, kubeconfig } = await localMesh());
  });

  function apply(users: UsersConfig) {
    return applied(stackWith("local", (mesh) => withUsers(mesh, users)));
  }

  function tried({
    headers,
    path = work,
    method = "POST",
  }: Pick<Attempt, "headers" | "path" | "method">): Promise<Reply> {
    return ask({ address, method, path, headers: headers() });
  }

  /** Waits until a request meets this end. */
  async function until(what: string, headers: Attempt["headers"], status: number): Promise<void> {
    await waitFor(what, { seconds: 60 }, async () => {
      const reply = await tried({ headers });
      return reply.status === status || `${reply.status} ${reply.body}`;
    });
  }

  /** Expects of an attempt what is told, who decides included. */
  async function expectOf(attempt: Attempt, status: number | undefined, by: Decider): Promise<void> {
    const reply = await tried(attempt);
    const told = (code: number | undefined, decider: Decider) => `${code ?? "any"} by ${decider}`;
    const decider = deciderOf(reply);
    const known = status === undefined && decider.startsWith("stage") ? "stage" : decider;
    expect(told(status && reply.status, known), reply.body.slice(0, 200)).toBe(told(status, by));
  }

  /** Makes a change while clients with this token send, none of whose requests may fail. */
  async function losesNothing(text: string, change: () => Promise<unknown>): Promise<void> {
    const headers = { authorization: `Bearer ${text}` };
    const results = await trafficDuring({ url: `http://${address}${work}`, headers }, change);
    expect(results.length).toBeGreaterThan(20);
    expect(failuresOf(results)).toEqual([]);
  }

  test.each(attempts)("the control, anyone may come in: $name", async (attempt) => {
    const { status, by } = attempt.open ?? { status: 200, by: "stage" };
    await expectOf(attempt, status, by);
  });

  test("the walls go up under load, and who has a token loses no request", async () => {
    await losesNothing(good(), async () => {
      await apply(usersWith([old, fresh]));
      await until("a request without a token is refused", () => [], 403);
    });
  });

  test.each(attempts)("$name: $status by $by", async (attempt) => {
    await expectOf(attempt, attempt.status, attempt.by);
  });

  describe("testers", () => {
    const versionsOf = async (more: Claims) => {
      const headers = { authorization: `Bearer ${good(old, more)}`, "x-linly-versions": "llm=v2-experiment" };
      const results = await load(
        { url: `http://${address}${work}`, concurrency: 8, timeout: 60_000, headers },
        (sent) => sent >= 100,
      );
      expect(failuresOf(results)).toEqual([]);
      return new Set(visitsOf(results, "llm").map(({ version }) => version));
    };

    test("name versions by their header", async () => {
      expect(await versionsOf({ groups: ["users", "testers"] })).toEqual(new Set(["v2-experiment"]));
    });

    // By weight one of ten meets the experiment: a hundred requests meet it alone once in 10^100 times.
    test.each([{}, { groups: "users" }, { groups: ["testers2"] }])(
      "the claims %j make nobody a tester",
      async (more) => {
        expect([...(await versionsOf(more))]).toContain("v1-stable");
      },
    );
  });

  test("keys change under load: both are in force, then the new one alone", async () => {
    await losesNothing(good(fresh), async () => {
      await apply(usersWith([fresh], { forwardOriginalToken: true }));
      await until("a token of the old key is refused", () => [bearer(good(old))], 401);
    });
  });

  test("the token goes on only where it is told to", async () => {
    const denied = {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "no-tokens", namespace: "linly" },
      spec: {
        selector: { matchLabels: { app: "asr-service" } },
        action: "DENY",
        rules: [{ when: [{ key: "request.headers[authorization]", values: ["*"] }] }],
      },
    };
    const withFresh = () => [bearer(good(fresh))];
    await withObjects(kubeconfig, [denied], async () => {
      await until("the stage sees the token", withFresh, 403);
      const reply = await tried({ headers: withFresh });
      expect(deciderOf(reply)).toBe("stage's policy");
      await apply(usersWith([fresh]));
      await until("the stage sees no token", withFresh, 200);
    });
  });

  test("the walls go down under load", async () => {
    await losesNothing(good(fresh), async () => {
      await applied(stackWith("local"));
      await until("a request without a token passes", () => [], 200);
    });
  });
});
