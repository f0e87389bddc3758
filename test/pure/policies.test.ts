import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../cli/project.ts";
import { covers, fullHost } from "../../policies/model/hosts.ts";
import { kindOf } from "../../policies/model/object.ts";
import { isObject, unknown, type ValueObject } from "../../policies/model/values.ts";
import { rules } from "../../policies/rules.ts";
import { messagesOf, withEachPart } from "../support/policies.ts";

describe.each(rules)("$name", (rule) => {
  test("reports its bad example, with the fix, and not its good one", () => {
    expect(messagesOf(rule, rule.bad.objects)).toEqual([rule.bad.message]);
    expect(messagesOf(rule, rule.good)).toEqual([]);
  });

  test("is silent about what is good as far as it is known", () => {
    const alarms = rule.good.flatMap((manifest, index) =>
      [...withEachPart(manifest, unknown)].flatMap(({ path, value }) => {
        if (!isObject(value) || value["kind"] === unknown || value["apiVersion"] === unknown) return [];
        return messagesOf(rule, rule.good.with(index, value)).map((message) => `${path} unknown: ${message}`);
      }),
    );
    expect(alarms).toEqual([]);
  });

  test("reads of many namespaces what their number makes, and not its square", () => {
    const reads = (count: number) => {
      const seen = { reads: 0 };
      const namespaces = Array.from({ length: count }, (_, index) => inNamespace(`n-${index}`));
      const manifests = namespaces.flatMap((moved) => [...rule.bad.objects, ...rule.good].map(moved));
      messagesOf(
        rule,
        manifests.map((manifest) => counting(manifest, seen)),
      );
      return seen.reads;
    };
    expect(reads(50)).toBeGreaterThan(50);
    expect(reads(200) / reads(50)).toBeCloseTo(4, 0);
  });
});

/** The same object, of which every reading of a part is counted. */
function counting<T extends object>(value: T, seen: { reads: number }): T {
  return new Proxy(value, {
    get(target, key): unknown {
      seen.reads += 1;
      const part: unknown = Reflect.get(target, key);
      return typeof part === "object" && part !== null ? counting(part, seen) : part;
    },
  });
}

function inNamespace(namespace: string): (manifest: ValueObject) => ValueObject {
  return ({ metadata, ...rest }) => ({ ...rest, metadata: { ...(isObject(metadata) && metadata), namespace } });
}

test.each([
  ["kubernetes:apps/v1:Deployment", "apps/Deployment"],
  ["kubernetes:core/v1:Service", "Service"],
  ["kubernetes:networking.istio.io/v1beta1:VirtualService", "networking.istio.io/VirtualService"],
  ["kubernetes:apps/v1:DeploymentPatch", undefined],
  ["kubernetes:helm.sh/v3:Release", "helm.sh/Release"],
  ["pulumi:providers:kubernetes", undefined],
  ["linly-mesh:traffic:Canary", undefined],
])("%s is the kind %s", (type, kind) => {
  expect(kindOf(type, () => ({}))).toBe(kind);
});

test.each([
  ["llm", "linly", "llm.linly.svc.cluster.local"],
  ["llm.linly.svc.corp.example", undefined, "llm.linly.svc.cluster.local"],
  ["llm.linly", "linly", "llm.linly"],
  ["*.linly.svc.cluster.local", "x", "*.linly.svc.cluster.local"],
  ["*", "x", "*"],
  ["llm", undefined, undefined],
])("host %s in %s is %s", (host, namespace, full) => {
  expect(fullHost(host, namespace)).toBe(full);
});

test.each([
  ["*", "a.b", true],
  ["*.b", "a.b", true],
  ["*.c", "a.b", false],
  ["a.b", "a.b", true],
])("a rule for %s covers %s: %s", (pattern, host, expected) => {
  expect(covers(pattern, host)).toBe(expected);
});

test("docs/policies.md has the rules as they are", () => {
  const page = readFileSync(join(projectDir, "docs/policies.md"), "utf8").replaceAll(/ +/g, " ");
  for (const { name, level, onlyIn, kinds, description, why } of rules) {
    const where = onlyIn === undefined ? "everywhere" : "production";
    const seen = kinds.map((kind) => kind.split("/").at(-1)).join(", ");
    expect(page).toContain(`| \`${name}\` | ${level} | ${where} | ${seen} | ${description} |`);
    expect(page).toContain(`**\`${name}\`.** ${why}`);
  }
});
