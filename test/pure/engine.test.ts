import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { secondsOf } from "../../engine/cluster/wait.ts";
import type { JsonObject } from "../../engine/json.ts";
import { yamlOf } from "../../engine/render.ts";
import { isManagedBy } from "../../engine/cluster/ownership.ts";
import { keepLive, stepsOf } from "../../engine/objects/paths.ts";
import { readinessOf } from "../../engine/objects/readiness.ts";
import { waitFor } from "../../engine/objects/wait-for.ts";
import { Redactor } from "../../engine/program/redactor.ts";
import { makeUrn } from "../../engine/program/urn.ts";
import { hasUnknown, masked, revealed, secret, withSecretsOf } from "../../engine/program/values.ts";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("readiness", () => {
  const observed = { observedGeneration: 2 };
  const complete = { type: "Complete", status: "True" };
  const failed = { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "too often" };
  const rollout = { updateRevision: "b", currentRevision: "a" };

  test.each<[string, string, JsonObject, JsonObject, string | undefined]>([
    ["apps/v1", "Deployment", { replicas: 2 }, { observedGeneration: 1 }, "not yet seen by its controller"],
    ["apps/v1", "Deployment", { replicas: 2 }, { ...observed, updatedReplicas: 1 }, "1 of 2 pods of the new version"],
    [
      "apps/v1",
      "Deployment",
      { replicas: 2 },
      { ...observed, updatedReplicas: 2, replicas: 3, availableReplicas: 3 },
      "1 pods of the old version still end",
    ],
    [
      "apps/v1",
      "Deployment",
      { replicas: 2 },
      { ...observed, updatedReplicas: 2, replicas: 2, availableReplicas: 1 },
      "1 of 2 pods available",
    ],
    [
      "apps/v1",
      "Deployment",
      { replicas: 1 },
      { ...observed, updatedReplicas: 1, replicas: 1, availableReplicas: 1 },
      undefined,
    ],
    ["apps/v1", "Deployment", { replicas: 0 }, observed, undefined],
    [
      "apps/v1",
      "DaemonSet",
      {},
      { ...observed, desiredNumberScheduled: 2, updatedNumberScheduled: 2 },
      "0 of 2 pods available",
    ],
    ["apps/v1", "StatefulSet", { replicas: 1 }, { ...observed, readyReplicas: 0 }, "0 of 1 pods ready"],
    [
      "apps/v1",
      "StatefulSet",
      { replicas: 1 },
      { ...observed, ...rollout, readyReplicas: 1 },
      "pods of the old version are still there",
    ],
    ["batch/v1", "Job", { completions: 3 }, { succeeded: 1 }, "1 of 3 pods done"],
    ["batch/v1", "Job", {}, { conditions: [complete] }, undefined],
    ["v1", "Service", { type: "LoadBalancer" }, {}, "no address yet"],
    ["v1", "Service", { type: "ExternalName" }, {}, undefined],
    ["v1", "Service", { clusterIP: "None", selector: { app: "x" } }, {}, undefined],
    ["v1", "Namespace", {}, { phase: "Terminating" }, "not active"],
  ])("%s %s %j %j: %s", async (apiVersion, kind, spec, status, reason) => {
    expect(await judged({ apiVersion, kind, spec, status })).toBe(reason);
  });

  test("a Job that has failed is not waited for", async () => {
    const job = { apiVersion: "batch/v1", kind: "Job", spec: {}, status: { conditions: [failed] } };
    await expect(judged(job)).rejects.toThrow("Job linly/x failed: BackoffLimitExceeded: too often");
  });

  /** None of these asks the cluster anything. */
  async function judged(object: { apiVersion: string; kind: string; spec: JsonObject; status: JsonObject }) {
    const live = { ...object, metadata: { name: "x", namespace: "linly", generation: 2 } };
    return readinessOf(live)?.(live, { list: neverAsked, get: neverAsked });
  }

  function neverAsked(): never {
    throw new Error("asked the cluster");
  }
});

describe("pulumi.com/waitFor", () => {
  const live: JsonObject = {
    kind: "Certificate",
    metadata: { generation: 2, labels: { "a.b/c": "x" } },
    spec: {
      ports: [
        { name: "http", port: 80 },
        { name: "https", port: 443 },
      ],
    },
    status: {
      phase: "Running",
      none: null,
      conditions: [
        { type: "Ready", status: "False", reason: "DoesNotExist", message: "no Secret" },
        { type: "Old", status: "True", observedGeneration: 1 },
      ],
    },
  };

  test.each<[string, string | undefined]>([
    ["jsonpath={.status.phase}", undefined],
    ["jsonpath={ $.status.phase }=Running", undefined],
    ["jsonpath={.status.none}", undefined],
    ["jsonpath={.spec.ports}", undefined],
    ["jsonpath={.status.phase}=Failed", "{.status.phase} is Running, not Failed"],
    ["jsonpath={.status.address}", "{.status.address} leads to nothing yet"],
    ["jsonpath={.spec.ports[1].port}=443", undefined],
    ["jsonpath={.spec.ports[-1].port}=443", undefined],
    ["jsonpath={.spec.ports[*].port}=80", undefined],
    ["jsonpath={.metadata.labels['a.b/c']}=x", undefined],
    ['jsonpath={.spec.ports[?(@.name=="https")].port}=443', undefined],
    ["jsonpath={.spec.ports[?(@.name=='ftp'||@.port==80)].name}=http", undefined],
    ["jsonpath={.status[?@ == 'Running' || @ == 'Succeeded' ]}", undefined],
    ['jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', expect.stringMatching(/is False, not True$/)],
    ["condition=Ready", "its condition Ready is False, not True: DoesNotExist: no Secret"],
    ["condition=ready=false", undefined],
    ["condition=Old", "its condition Old is not of this generation yet"],
    ["condition=Issuing", "it has no condition Issuing yet"],
    ['["condition=Ready=False","jsonpath={.status.phase}"]', undefined],
    ['["jsonpath={.status.phase}","condition=Issuing"]', "it has no condition Issuing yet"],
  ])("%s: %s", (expression, reason) => {
    expect(judged(live, expression)).toEqual(reason);
  });

  test.each([
    "",
    "[]",
    "Ready",
    "condition=",
    "condition=Ready=",
    "jsonpath=.a",
    "jsonpath='{.a}'",
    "jsonpath={.a}=",
    "jsonpath={.a[1:2]}",
    "jsonpath={..a}",
    "jsonpath={.a[]}",
    '["condition=Ready","Ready"]',
  ])("%j is refused", (expression) => {
    expect(() => judged(live, expression)).toThrow(/waitFor|JSONPath/);
  });

  test("a value that is many is no value to compare with, and a Secret's is not told", () => {
    expect(() => judged(live, "jsonpath={.spec.ports}=x")).toThrow(
      "{.spec.ports} is no single value to compare with x",
    );
    const secretObject = { kind: "Secret", data: { key: "c2VjcmV0" } };
    expect(judged(secretObject, "jsonpath={.data.key}=x")).toBe("{.data.key} is not yet what it should be");
  });

  test("a status of before is waited out", () => {
    const old = { metadata: { generation: 2 }, status: { observedGeneration: 1, phase: "Running" } };
    expect(judged(old, "jsonpath={.status.phase}")).toBe("not yet seen by its controller");
  });

  function judged(part: JsonObject, expression: string): string | undefined {
    return waitFor(expression)(part);
  }
});

describe("values", () => {
  const value = { open: "a", hidden: secret({ inner: ["b", null] }), later: unknown };

  test("are shown with marks and used in clear", () => {
    expect(masked(value)).toEqual({ open: "a", hidden: { inner: ["[secret]", null] }, later: "[unknown]" });
    expect(revealed(value)).toEqual({ open: "a", hidden: { inner: ["b", null] }, later: unknown });
    expect([hasUnknown(value), hasUnknown({ open: "a" })]).toEqual([true, false]);
  });

  test("come back from the cluster as secret as they went", () => {
    const inputs = { env: [{ name: "A", value: secret("b") }] };
    const live = { env: [{ name: "A", value: "b" }], added: 1 };
    expect(withSecretsOf(inputs, live)).toEqual({ env: [{ name: "A", value: secret("b") }], added: 1 });
  });

  test("that are secret are found in any text: whole, by line, as base64, inside JSON; very short ones are not", () => {
    const redactor = new Redactor();
    redactor.learn({ key: secret("first line\nsecond line"), short: secret("on") });
    redactor.add('{"nested":["open sesame"]}');
    const encoded = Buffer.from("open sesame").toString("base64");
    expect(redactor.clean(`at second line: "first line\\nsecond line", open sesame, ${encoded}, on`)).toBe(
      'at [secret]: "[secret]", [secret], [secret], on',
    );
  });
});

describe("property paths", () => {
  test.each([
    ["spec.replicas", ["spec", "replicas"]],
    ["spec.containers[0].image", ["spec", "containers", 0, "image"]],
    ['metadata.annotations["a.b/c"]', ["metadata", "annotations", "a.b/c"]],
  ])("%s", (path, steps) => {
    expect(stepsOf(path)).toEqual(steps);
  });

  test.each(["spec.*", "", "a..b", "a[b]"])("%j is refused", (path) => {
    expect(() => stepsOf(path)).toThrow(`property path "${path}" is not implemented`);
  });

  test("keep what is live, also where that is nothing", () => {
    const wanted = { spec: { replicas: 1, paused: true } };
    expect(keepLive(wanted, { spec: { replicas: 5 } }, ["spec.replicas", "spec.paused"], () => true)).toEqual({
      spec: { replicas: 5 },
    });
  });

  test("leave to others what they have", () => {
    const kept = keepLive({ spec: { replicas: 1 } }, { spec: { replicas: 5 } }, ["spec.replicas"], () => false);
    expect(kept).toEqual({ spec: {} });
  });

  test.each<[string, (string | number)[], boolean]>([
    ["a field of its own", ["spec", "replicas"], true],
    ["a field of another's", ["spec", "paused"], false],
    ["a part of what is one value", ["spec", "selector", "matchLabels"], true],
    ["an item of a list", ["spec", "containers", 0, "image"], true],
    ["nobody's field", ["spec", "minReadySeconds"], false],
  ])("a manager has %s: %j %s", (_, steps, has) => {
    const fields = (manager: string, operation: string, spec: JsonObject) => ({
      manager,
      operation,
      fieldsV1: { "f:spec": spec },
    });
    const managedFields = [
      fields("stack", "Apply", { "f:replicas": {}, "f:selector": {}, "f:containers": { 'k:{"name":"a"}': {} } }),
      fields("stack", "Update", { "f:paused": {} }),
      fields("other", "Apply", { "f:paused": {} }),
    ];
    const live = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x", managedFields } };
    expect(isManagedBy(live, "stack", steps)).toBe(has);
  });
});

test.each([
  ["90s", 90],
  ["1h30m", 5400],
  ["500ms", 0.5],
  ["10", undefined],
  ["ten minutes", undefined],
])("a duration of %s", (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});

test("URNs name the types of all parents but the stack", () => {
  const stack = makeUrn("s", "p", "pulumi:pulumi:Stack", "p-s", "");
  const outer = makeUrn("s", "p", "a:b:Outer", "o", stack);
  const inner = makeUrn("s", "p", "a:b:Inner", "i", outer);
  expect([stack, outer, inner]).toEqual([
    "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s",
    "urn:pulumi:s::p::a:b:Outer::o",
    "urn:pulumi:s::p::a:b:Outer$a:b:Inner::i",
  ]);
});

test("a rendered manifest is read alike by YAML 1.1, as kubectl does, and by 1.2", () => {
  const labels = { version: "y", a: "on", b: "no", c: "1e3", d: "0o7", e: "1:30", f: "~", g: "plain" };
  const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "yes", labels } };
  const text = yamlOf(manifest);
  expect(parse(text, { version: "1.1" })).toEqual(manifest);
  expect(parse(text, { version: "1.2" })).toEqual(manifest);
  expect(text).toContain("g: plain");
});
