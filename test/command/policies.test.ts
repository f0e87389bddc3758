import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { PolicyViolations, preview, up } from "../../engine/index.ts";
import type { Event, JsonObject, Program, Violation } from "../../engine/index.ts";
import { textAt, toJsonObject } from "../../engine/json.ts";
import { startPack } from "../../engine/policy/pack.ts";
import type { RunningPack } from "../../engine/policy/pack.ts";
import type { Registration } from "../../engine/program/registration.ts";
import { secret } from "../../engine/program/values.ts";
import { deployment, destinationRule, service, virtualService } from "../../policies/model/example.ts";
import { isObject } from "../../policies/model/values.ts";
import type { ValueObject } from "../../policies/model/values.ts";
import type { Rule } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { withEachPart } from "../support/policies.ts";

const dir = join(projectDir, "policies");
const fixtures = new URL("fixtures/", import.meta.url).pathname;

/** An unknown as the SDK sends it. */
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("the pack, over the protocol by which Pulumi asks it", () => {
  let pack: RunningPack;
  const program: Program = { dir: projectDir, project: "p", stack: "prod", config: {} };

  beforeAll(async () => {
    pack = await startPack({ dir }, program, true, (line) => expect.unreachable(line));
  });
  afterAll(() => pack.stop());

  test("has every rule, with its level", () => {
    expect(pack.policies.map(({ name, level }) => [name, level])).toEqual(
      rules.map(({ name, level }) => [name, level]),
    );
  });

  describe.each(rules)("$name", (rule) => {
    test("reports its bad example with the fix, and its good one not at all", async () => {
      const { name: policy, level, description } = rule;
      expect(await judgedBy(rule, rule.bad.objects)).toEqual([
        expect.objectContaining({ policy, level, description, message: rule.bad.message, pack: "linly-mesh-policies" }),
      ]);
      expect(await judgedBy(rule, rule.good)).toEqual([]);
    });

    test("sees into secrets", async () => {
      const hidden = rule.bad.objects.map((manifest) => ({
        ...toJsonObject(manifest),
        spec: secret(toJsonObject(manifest)["spec"] ?? null),
      }));
      expect(await judgedBy(rule, hidden)).toEqual([expect.objectContaining({ message: rule.bad.message })]);
    });

    test("bears an unknown in every place, and takes none for a fault", async () => {
      const outcomes = await Promise.all([
        ...withUnknowns(rule.good).map((manifests) => judgedBy(rule, manifests)),
        ...withUnknowns(rule.bad.objects).map(async (manifests) =>
          // What can't be judged is left out, not reported as such.
          (await judgedBy(rule, manifests)).filter(({ message }) => message.includes("during preview")),
        ),
      ]);
      expect(outcomes.length).toBeGreaterThan(5);
      expect(outcomes.flat()).toEqual([]);
    });
  });

  test("levels follow the configuration", async () => {
    const config = { all: "disabled", "weights-total-100": { enforcementLevel: "advisory" } };
    const lenient = await startPack({ dir, config }, program, true, (line) => expect.unreachable(line));
    try {
      const bad = rules
        .flatMap((rule) => rule.bad.objects)
        .map((manifest, index) => registrationOf(manifest, "prod", index));
      const found = await Promise.all(bad.map((registration) => lenient.analyze(registration, new Map())));
      expect(found.flat()).toEqual([expect.objectContaining({ policy: "weights-total-100", level: "advisory" })]);
      expect(await lenient.analyzeStack(bad, new Map())).toEqual([]);
    } finally {
      lenient.stop();
    }
  });

  test("rules of production are silent elsewhere", async () => {
    const bad = rules.filter(({ onlyIn }) => onlyIn === "production").flatMap((rule) => rule.bad.objects);
    expect(await judged(bad, "prod-eu")).toHaveLength(3);
    expect(await judged(bad, "local")).toEqual([]);
  });

  test("objects of different clusters are not taken for each other's", async () => {
    const [route, subsets] = [
      virtualService({ route: [{ destination: { host: "llm-service", subset: "v1" } }] }),
      destinationRule({ subsets: [{ name: "v1" }] }),
    ];
    const stack = (clusters: [string, string]) =>
      pack.analyzeStack(
        [route, subsets].map((manifest, index) => registrationOf(manifest, "dev", index, clusters[index])),
        new Map(["a", "b"].map((name) => [name, providerOf(name)])),
      );
    expect(await stack(["a", "a"])).toEqual([]);
    expect(await stack(["a", "b"])).toHaveLength(1);
  });

  test("2,000 resources are judged as few are", async () => {
    const breaker = { trafficPolicy: { outlierDetection: {} } };
    const kinds = [
      virtualService({ route: [{ weight: 90 }, { weight: 20 }] }),
      destinationRule(breaker),
      deployment({ replicas: 3 }),
      service,
    ];
    const many = Array.from({ length: 2000 }, (_, index) => ({
      ...kinds[index % kinds.length],
      metadata: { name: "llm-service", namespace: `n-${Math.floor(index / kinds.length)}` },
    }));
    const violations = await judged(many, "dev");
    expect(violations.filter(({ policy }) => policy === "weights-total-100")).toHaveLength(500);
  });

  /** What one rule finds; its examples are about nothing else. */
  async function judgedBy(rule: Rule, manifests: Parameters<typeof judged>[0]): Promise<Violation[]> {
    const stack = rule.onlyIn === "production" ? "prod" : "dev";
    return (await judged(manifests, stack)).filter(({ policy }) => policy === rule.name);
  }

  /** What all rules find, those of single objects and those of the stack. */
  async function judged(
    manifests: readonly ValueObject[] | readonly JsonObject[],
    stack: string,
  ): Promise<Violation[]> {
    const registrations = manifests.map((manifest, index) => registrationOf(manifest, stack, index));
    const alone = await Promise.all(registrations.map((registration) => pack.analyze(registration, new Map())));
    return [...alone.flat(), ...(await pack.analyzeStack(registrations, new Map()))];
  }
});

describe("a program with violations", () => {
  const hidden = "subset-nobody-may-read";
  const program: Program = {
    dir: join(fixtures, "policies"),
    project: "p",
    stack: "s",
    config: { "p:subset": hidden },
    secretKeys: ["p:subset"],
  };
  const helm = () => Promise.reject(new Error("asked for helm"));
  const weights =
    'policy weights-total-100: VirtualService linly/weights: the weights of http[0] total 110 (90 + 20): write weights that total 100, or name the route in the annotation "linly-mesh/proportional-routes"';

  test.concurrent("fails in a preview, with every mandatory one and no secret", async () => {
    const events: Event[] = [];
    const failure = await preview(program, (event) => events.push(event), { policyPacks: [{ dir }] }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PolicyViolations);
    expect(failure).toMatchObject({
      plan: { violations: [{ policy: "subsets-defined" }, { policy: "weights-total-100" }] },
      faults: [expect.stringContaining('http[0] names subset "[secret]" of hidden'), weights],
    });
    expect(events.filter(({ type }) => type === "violation")).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain(hidden);
  });

  test.concurrent("fails in an up before any cluster is asked", async () => {
    await expect(up(program, { helm, policyPacks: [{ dir }] }, () => undefined)).rejects.toThrow(weights);
  });

  test.concurrent("fails in an up by what only the real run knows, before the resource is applied", async () => {
    const late = { dir: join(fixtures, "late-pack") };
    const failure = await up(program, { helm, policyPacks: [late] }, () => undefined).catch((error: unknown) => error);
    // The control is its kubeconfig: whatever comes after the judgement fails on that.
    expect(failure).toMatchObject({ faults: ["policy late: it is known now"] });
  });
});

test.each([
  ["fixtures/broken-pack", /policy pack .*broken-pack: it ended before it served anything[\s\S]*this pack has a fault/],
  ["/nowhere", /policy pack \/nowhere: @pulumi\/policy is not installed there/],
])("a pack that does not start is named, with its own words: %s", async (pack, message) => {
  const program: Program = { dir: projectDir, project: "p", stack: "s", config: {} };
  const starting = startPack({ dir: new URL(pack, import.meta.url).pathname }, program, true, () => undefined);
  await expect(starting).rejects.toThrow(message);
});

/** The manifests with an unknown in each place of each of them. */
function withUnknowns(manifests: readonly ValueObject[]): JsonObject[][] {
  return manifests.flatMap((manifest, index) =>
    [...withEachPart(manifest, unknownText)].flatMap(({ path, value }) => {
      if (path === "kind" || path === "apiVersion" || !isObject(value)) return [];
      return [manifests.with(index, value).map(toJsonObject)];
    }),
  );
}

function registrationOf(manifest: object, stack: string, index: number, cluster?: string): Registration {
  const inputs = toJsonObject(manifest);
  const apiVersion = textAt(inputs, "apiVersion") ?? "";
  const type = `kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${textAt(inputs, "kind")}`;
  return {
    urn: `urn:pulumi:${stack}::p::${type}::object-${index}`,
    type,
    name: `object-${index}`,
    parent: "",
    custom: true,
    remote: false,
    inputs,
    provider: cluster === undefined ? "" : `${cluster}::id`,
    providers: {},
    needs: [],
    options: {
      protect: false,
      retainOnDelete: false,
      secretOutputs: [],
      ignoreChanges: [],
      replaceOnChanges: [],
      timeouts: { create: "", update: "", delete: "" },
    },
  };
}

function providerOf(name: string): Registration {
  return { ...registrationOf({}, "dev", 0), type: "pulumi:providers:kubernetes", urn: name, name };
}
