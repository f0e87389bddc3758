import { beforeAll, describe, expect, test } from "vitest";
import type { Plan, Program } from "../../engine/index.ts";
import { textAt } from "../../engine/json.ts";
import { execute } from "../../engine/program/execute.ts";
import { Redactor } from "../../engine/program/redactor.ts";
import type { Registration } from "../../engine/program/registration.ts";
import { withRemoteComponents } from "../../engine/program/remote-components.ts";
import { allowNotAlone } from "../../policies/rules/allow-not-alone.ts";
import { whenKeysKnown } from "../../policies/rules/when-keys-known.ts";
import { before } from "../support/needs.ts";
import { at, manifests, stepTitled } from "../support/plan.ts";
import { messagesOf } from "../support/policies.ts";
import { planOf, stackWith, withService } from "../support/stack.ts";
import { inOneProcess } from "../support/one-process/runner.ts";

const stacks = ["local", "prod"] as const;
const plans = new Map<string, Plan>();
const asked = new Map<string, readonly Registration[]>();

beforeAll(async () => {
  for (const stack of stacks) {
    const program = stackWith(stack);
    plans.set(stack, await planOf(program));
    asked.set(stack, await registrationsOf(program));
  }
});

/** What a program registers, with what each resource needs: plans do not tell that. */
async function registrationsOf(program: Program): Promise<Registration[]> {
  const seen: Registration[] = [];
  const actions = withRemoteComponents({
    async register(registration) {
      seen.push(registration);
      return { id: "", outputs: registration.inputs };
    },
    read: async () => ({}),
  });
  const silent = {
    redactor: new Redactor(),
    report: () => undefined,
    signal: undefined,
    env: {},
    runner: inOneProcess,
  };
  await execute({ program, dryRun: true, ...silent }, actions);
  return seen;
}

function plan(stack: string): Plan {
  const found = plans.get(stack);
  if (found === undefined) throw new Error(`${stack} is not previewed`);
  return found;
}

function ofKind(stack: string, kind: string): Registration[] {
  return (asked.get(stack) ?? []).filter(({ inputs }) => textAt(inputs, "kind") === kind);
}

const nameOf = ({ inputs }: Registration) => String(at(inputs, "metadata", "name"));

/** Those of the stages: the gateway's are about users. */
const policies = (stack: string) =>
  ofKind(stack, "AuthorizationPolicy").filter(({ inputs }) => at(inputs, "metadata", "namespace") === "linly");

describe("which policies are made", () => {
  test.each([
    ["local", ["asr", "llm", "tts", "face"]],
    ["prod", ["webui", "asr", "llm", "tts", "face"]],
  ])("%s: two for each stage, and one that lets nobody in", (stack, stages) => {
    const expected = stages.flatMap((name) => [
      [`${name}-service`, "ALLOW", { app: `${name}-service` }],
      [`${name}-service-admin`, "DENY", { app: `${name}-service` }],
    ]);
    const made = policies(stack).map(({ inputs }) => [
      at(inputs, "metadata", "name"),
      at(inputs, "spec", "action"),
      at(inputs, "spec", "selector", "matchLabels"),
    ]);
    expect(made).toHaveLength(expected.length + 1);
    expect(made).toEqual(expect.arrayContaining([...expected, ["allow-nothing", undefined, undefined]]));
    expect(stepTitled(plan(stack), "AuthorizationPolicy linly/allow-nothing").inputs["spec"]).toEqual({});
  });

  test("the callers of tts: its neighbour in the chain, the page where it is orchestrated", () => {
    const rules = (stack: string) =>
      at(stepTitled(plan(stack), "AuthorizationPolicy linly/tts-service").inputs, "spec", "rules");
    const principals = (...all: string[]) => [{ source: { principals: all.map((one) => `cluster.local/ns/${one}`) } }];
    expect(rules("local")).toEqual([
      {
        from: principals("linly/sa/llm-service"),
        to: [
          { operation: { ports: ["8001"], methods: ["POST"], paths: ["/tts_response/", "/generate"] } },
          { operation: { ports: ["8001"], methods: ["GET"], paths: ["/talk", "/voices"] } },
        ],
      },
      {
        from: principals("admin/sa/model-uploader"),
        to: [
          {
            operation: {
              ports: ["8001"],
              methods: ["POST"],
              paths: ["/tts_change_model/", "/api/v1/models/upload"],
            },
          },
        ],
      },
    ]);
    expect(rules("prod")).toEqual([
      {
        from: principals("linly/sa/webui-service"),
        to: [{ operation: { ports: ["8880"], methods: ["POST"], paths: ["/v1/audio/speech"] } }],
      },
    ]);
  });

  test("the accounts that are let in are those that pods run as; a shadow's is not among them", () => {
    for (const stack of stacks) {
      const named = [
        ...JSON.stringify(policies(stack).map(({ inputs }) => inputs)).matchAll(/\/ns\/linly\/sa\/([\w-]+)/g),
      ].map(([, account]) => account);
      const accounts = manifests(plan(stack), "ServiceAccount").map((account) => at(account, "metadata", "name"));
      expect(named.length).toBeGreaterThan(2);
      expect(accounts).toEqual(expect.arrayContaining(named));
      expect(named.filter((account) => account?.endsWith("-shadow"))).toEqual([]);
    }
    expect(manifests(plan("prod"), "ServiceAccount").map((account) => at(account, "metadata", "name"))).toContain(
      "tts-service-shadow",
    );
  });

  test("a stage of TCP has no second wall, whose paths nobody would see; the others keep theirs", async () => {
    const opaque = await planOf(
      stackWith("local", (mesh) => withService(mesh, "face", (face) => ({ ...face, appProtocol: "tcp" }))),
    );
    const names = manifests(opaque, "AuthorizationPolicy").map((policy) => at(policy, "metadata", "name"));
    expect(names).toContain("face-service");
    expect(names).toContain("tts-service-admin");
    expect(names).not.toContain("face-service-admin");
  });
});

describe.each(stacks)("%s: what comes before what", (stack) => {
  test("what refuses all the rest comes after what lets in, and goes before it", () => {
    const allows = policies(stack).filter(({ inputs }) => at(inputs, "spec", "action") === "ALLOW");
    const closed = policies(stack).find((policy) => nameOf(policy) === "allow-nothing");
    expect(allows.length).toBeGreaterThan(3);
    expect(closed?.needs).toEqual(expect.arrayContaining(allows.map(({ urn }) => urn)));
    // The control: none of them waits for it in turn.
    for (const { needs } of allows) expect(needs).not.toContain(closed?.urn);
  });

  test("no pod of a stage comes before any of them", () => {
    const pods = ofKind(stack, "Deployment").filter(({ inputs }) => at(inputs, "metadata", "namespace") === "linly");
    expect(pods.length).toBeGreaterThan(3);
    const needs = new Map((asked.get(stack) ?? []).map((one) => [one.urn, one.needs]));
    for (const pod of pods) {
      const all = before(pod.urn, (urn) => needs.get(urn) ?? []);
      expect([...all], nameOf(pod)).toEqual(expect.arrayContaining(policies(stack).map(({ urn }) => urn)));
    }
  });

  test("each comes after istiod, whose webhook judges it", () => {
    const istiod = (asked.get(stack) ?? []).find(({ inputs }) => inputs["name"] === "istiod");
    for (const policy of policies(stack)) expect(policy.needs, nameOf(policy)).toContain(istiod?.urn);
  });

  test("istiod has sidecars decode paths and merge slashes before policies are asked", () => {
    const { inputs } = stepTitled(plan(stack), "Release istio-system/istiod");
    expect(at(inputs, "values", "meshConfig", "pathNormalization")).toEqual({
      normalization: "DECODE_AND_MERGE_SLASHES",
    });
  });
});

describe("the rules of the policy pack", () => {
  test.each(stacks)("find nothing wrong with the policies of %s", (stack) => {
    const made = manifests(plan(stack), "AuthorizationPolicy");
    expect(made.length).toBeGreaterThan(3);
    for (const rule of [allowNotAlone, whenKeysKnown]) expect(messagesOf(rule, made), rule.name).toEqual([]);
  });

  test("without the one that says so, a stage with one caller is one that is cut off by accident", () => {
    const made = manifests(plan("prod"), "AuthorizationPolicy");
    const rest = made.filter((policy) => at(policy, "metadata", "name") !== "allow-nothing");
    expect(rest).toHaveLength(made.length - 1);
    expect(messagesOf(allowNotAlone, made)).toEqual([]);
    expect(messagesOf(allowNotAlone, rest)).toEqual(
      ["asr-service", "llm-service", "tts-service"].map((name) =>
        expect.stringContaining(`AuthorizationPolicy linly/${name}: `),
      ),
    );
  });

  test("still find a lone ALLOW in another namespace", () => {
    const made = manifests(plan("prod"), "AuthorizationPolicy");
    const [bad = {}] = allowNotAlone.bad.objects;
    const elsewhere = { ...bad, metadata: { name: "upload", namespace: "elsewhere" } };
    expect(messagesOf(allowNotAlone, [...made, elsewhere])).toEqual([
      expect.stringContaining("AuthorizationPolicy elsewhere/upload: is the only ALLOW"),
    ]);
  });
});
